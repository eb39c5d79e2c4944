/** A real Chromium in front of a real pixel half: what it sees when sizes change in the middle of a call. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { MediaSession } from '../../src/session/io/media-session.ts';
import { openParts, type OpenParts } from '../../src/session/pixel/parts.ts';
import { PixelThread } from '../../src/session/pixel/pixel-thread.ts';
import { sessionSettingsSchema, type SessionSettings } from '../../src/session/settings.ts';
import { WeriftTransport } from '../../src/session/transport/werift-transport.ts';
import { monotonic } from '../../src/time.ts';
import { BROWSER_SKIPPED, launchChromium } from './chromium.ts';

const LOOPBACK = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };

/** Runs in the page: calls with a camera whose frames are marked as lying by `turn.degrees`. */
async function startCall(): Promise<void> {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } });
  const turn = { degrees: 0 };
  const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = globalThis as unknown as {
    MediaStreamTrackProcessor: new (options: object) => { readable: ReadableStream<VideoFrame> };
    MediaStreamTrackGenerator: new (options: object) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
  };
  const lying = new TransformStream<VideoFrame, VideoFrame>({
    transform(frame, controller) {
      controller.enqueue(new VideoFrame(frame, { rotation: turn.degrees } as VideoFrameInit));
      frame.close();
    },
  });
  const generator = new Generator({ kind: 'video' });
  void new Processor({ track: camera.getVideoTracks()[0]! }).readable.pipeThrough(lying).pipeTo(generator.writable);
  // Whole pictures, however slow the machine is: the sizes are what is looked at.
  generator.contentHint = 'detail';
  pc.addTransceiver(generator, { streams: [camera] });
  const video = document.body.appendChild(document.createElement('video'));
  pc.ontrack = ({ streams }) => Object.assign(video, { srcObject: streams[0], autoplay: true, muted: true });
  await pc.setLocalDescription(await pc.createOffer());
  const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
  await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
  Object.assign(globalThis, { pc, turn });
}

/** Waits until pictures of this size are shown, and some of them. */
async function shows(page: Page, size: string): Promise<void> {
  await page.evaluate(async (wanted) => {
    const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
    let [since, decoded] = [0, 0];
    for (;;) {
      let seen = '';
      (await pc.getStats()).forEach((entry: { type: string } & Record<string, number>) => {
        if (entry.type !== 'inbound-rtp') return;
        seen = `${entry['frameWidth']}x${entry['frameHeight']}`;
        decoded = entry['framesDecoded'] ?? 0;
      });
      if (seen !== wanted) since = decoded;
      else if (decoded >= since + 10) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }, size);
}

describe.skipIf(BROWSER_SKIPPED)('a real Chromium', () => {
  let browser: Browser;
  let http: Server;
  let parts: OpenParts;
  beforeAll(async () => {
    [browser, parts] = await Promise.all([launchChromium(), openParts()]);
    http = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await browser.close();
    http.close();
  });

  async function withCall(
    settings: Partial<SessionSettings>,
    look: (page: Page, session: MediaSession) => Promise<void>,
  ): Promise<void> {
    const page = await browser.newPage();
    const thread = new PixelThread(
      parts,
      { send: (message) => session.onPixel(message), poll: () => undefined },
      createLog('test'),
    );
    thread.start();
    const session = new MediaSession({
      id: 'sized',
      settings: sessionSettingsSchema.parse({ budget: 500, ...settings }),
      identity: 'mask:porcelain',
      clock: monotonic,
      createTransport: (events) => new WeriftTransport(LOOPBACK, events, monotonic),
      pixel: { send: (message) => thread.receive(message) },
      events: {
        onState: () => undefined,
        onFace: () => undefined,
        onFigures: () => undefined,
        onFailed: (code) => expect.fail(code),
      },
    });
    try {
      await page.exposeFunction('answer', (offer: string) => session.answer(offer));
      await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
      await page.evaluate(startCall);
      await look(page, session);
    } finally {
      await page.close();
      session.close();
      await thread.idle();
      thread.close();
    }
  }

  it('goes on playing when pictures become smaller, and larger again', async () => {
    await withCall({ bitrate: 250_000 }, async (page, session) => {
      await shows(page, '640x360');
      await session.change(sessionSettingsSchema.parse({ budget: 500, bitrate: 750_000 }));
      await shows(page, '960x540');
      await session.change(sessionSettingsSchema.parse({ budget: 500, bitrate: 250_000 }));
      await shows(page, '640x360');
    });
  });

  it('goes on playing when its camera is turned in the call, and sees it upright', async () => {
    await withCall({ bitrate: 250_000 }, async (page) => {
      await shows(page, '640x360');
      await page.evaluate(() => {
        Object.assign((globalThis as unknown as { turn: object }).turn, { degrees: 90 });
      });
      await shows(page, '360x640');
    });
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/codec/decoder.ts';
import { isSendCodec, type Chunk, type VideoCodec } from '../../src/media/chunk.ts';
import { MediaSession } from '../../src/session/io/media-session.ts';
import { sessionSettingsSchema } from '../../src/session/settings.ts';
import type { SessionFigures } from '../../src/session/statistics.ts';
import type { Transport, TransportEvents } from '../../src/session/transport/transport.ts';
import { monotonic } from '../../src/time.ts';
import { Random } from '../media/random.ts';
import { BROWSER_SKIPPED, launchChromium } from './chromium.ts';
import { echo } from './echo-server.ts';
import { tappedTransport } from './tapped-transport.ts';

/** A transport that loses a share of the RTP packets, both ways, and sends what it receives if that can be sent. */
function lossyTransport(events: TransportEvents, codec: VideoCodec, loss: number): Transport {
  const random = new Random(5);
  const passes = () => random.next() >= loss;
  return tappedTransport(events, { received: passes, sent: passes }, isSendCodec(codec) ? { codec } : {});
}

/** Calls from a page, with `codec` first in its offer, and plays what comes back. */
async function call(page: Page, codec: VideoCodec): Promise<void> {
  await page.evaluate(async (name) => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
    const transceiver = pc.addTransceiver(stream.getVideoTracks()[0] as MediaStreamTrack, { streams: [stream] });
    const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const first = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${name}`);
    transceiver.setCodecPreferences([...first, ...codecs.filter((other) => !first.includes(other))]);
    const video = document.body.appendChild(document.createElement('video'));
    pc.ontrack = ({ streams }) => Object.assign(video, { srcObject: streams[0], autoplay: true, muted: true });
    await pc.setLocalDescription(await pc.createOffer());
    const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
    await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
    Object.assign(globalThis, { pc });
  }, codec);
}

/** Frames that the page has decoded. */
async function framesDecoded(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
    let frames = 0;
    (await pc.getStats()).forEach((entry: { type: string; framesDecoded?: number }) => {
      if (entry.type === 'inbound-rtp') frames += entry.framesDecoded ?? 0;
    });
    return frames;
  });
}

/** Takes `frames` chunks out of a call; those that can be sent go back. Page and session are closed afterwards. */
async function receive(browser: Browser, codec: VideoCodec, { frames, loss = 0 }: { frames: number; loss?: number }) {
  const http = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const chunks: Chunk[] = [];
  let figures: SessionFigures | undefined;
  const page = await browser.newPage();
  const decoded = await new Promise<number>((resolve, reject) => {
    const session: MediaSession = new MediaSession({
      id: 'taken',
      settings: sessionSettingsSchema.parse({}),
      identity: null,
      clock: monotonic,
      createTransport: (events) => lossyTransport(events, codec, loss),
      pixel: {
        send: (message) => {
          if (message.type === 'chunk' && chunks.push(message.chunk) === frames) {
            framesDecoded(page).then(resolve, reject);
          }
          for (const reply of echo(message, 66)) session.onPixel(reply);
        },
      },
      events: {
        onState: () => undefined,
        onFace: () => undefined,
        onFigures: (latest) => (figures = latest),
        onFailed: (code) => reject(new Error(code)),
      },
    });
    const begin = async (): Promise<void> => {
      await page.exposeFunction('answer', (offer: string) => session.answer(offer));
      await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
      await call(page, codec);
    };
    begin().catch(reject);
    page.once('close', () => session.close());
  });
  await page.close();
  http.close();
  return { chunks, decoded, drops: figures?.drops ?? {} };
}

describe.skipIf(BROWSER_SKIPPED)('what a real Chromium sends', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
  });

  it.each<VideoCodec>(['vp8', 'h264', 'vp9', 'av1'])(
    'in %s decodes, frame by frame, from the first keyframe on',
    async (codec) => {
      const { chunks, drops } = await receive(browser, codec, { frames: 60 });
      expect(chunks[0]).toMatchObject({ codec, keyframe: true });
      expect(drops).toEqual({});
      const decoder = createDecoder(codec);
      for (const chunk of chunks) expect(decoder.decode(chunk).kind).toBe('picture');
      decoder.close();
    },
  );

  it('plays on both sides while 5 % of the packets are lost both ways', async () => {
    const { chunks, drops, decoded } = await receive(browser, 'vp8', { frames: 100, loss: 0.05 });
    expect(chunks[0]?.keyframe).toBe(true);
    expect(drops['receive:lost'] ?? 0).toBe(0);
    expect(decoded).toBeGreaterThan(75);
  });
});

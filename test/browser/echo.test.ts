import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAPABILITIES, prepareTransport } from '../../src/session/transport/create-transport.ts';
import { TRANSPORTS } from '../../src/session/transport/transport-settings.ts';
import { cached } from '../media/cache.ts';
import { y4mFrame, y4mHeader } from '../media/y4m.ts';
import { Relay } from '../relay/relay.ts';
import { movingPicture } from '../support/moving-picture.ts';
import { BROWSER_SKIPPED, launchChromium } from './chromium.ts';
import { EchoServer, type EchoOptions } from './echo-server.ts';

const [WIDTH, HEIGHT, RATE] = [640, 360, 30];
/** Only the loopback: it is there on every machine. */
const LOOPBACK = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };

/** What the page reports of its own connection. */
interface PageFigures {
  readonly framesDecoded: number;
  readonly framesPerSecond: number;
  readonly packetsLost: number;
  readonly freezes: number;
  readonly available: number;
  readonly soundPackets: number;
  readonly soundEnergy: number;
}

/** A clip of two seconds at 30 fps that moves all over. */
function camera(): Promise<string> {
  return cached('sway.y4m', { WIDTH, HEIGHT, RATE, frames: 60 }, (file) => {
    const frames = Array.from({ length: 60 }, (_, index) => y4mFrame(movingPicture(WIDTH, HEIGHT, index)));
    writeFileSync(file, Buffer.concat([y4mHeader(WIDTH, HEIGHT, RATE), ...frames]));
  });
}

/** Calls the server with camera and microphone; `prefer` puts a video codec first in the offer. */
async function call(page: Page, prefer?: string): Promise<void> {
  await page.evaluate(async (name) => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    for (const track of stream.getTracks()) {
      const transceiver = pc.addTransceiver(track, { streams: [stream] });
      if (track.kind !== 'video' || name === undefined) continue;
      const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
      const first = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${name}`);
      transceiver.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
    }
    pc.ontrack = ({ streams }) => {
      (document.getElementById('back') as HTMLVideoElement).srcObject = streams[0] ?? null;
    };
    await pc.setLocalDescription(await pc.createOffer());
    const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
    await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
    Object.assign(globalThis, { pc });
  }, prefer);
}

/** Reads the page's figures each 200 ms until they are as wanted; the test's own time limit ends it otherwise. */
async function reach(page: Page, wanted: (figures: PageFigures) => boolean): Promise<PageFigures> {
  for (;;) {
    const figures = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
      const all: Record<string, number | string>[] = [];
      (await pc.getStats()).forEach((entry) => all.push(entry as Record<string, number | string>));
      const find = (type: string, kind?: string): Record<string, number | string> =>
        all.find((entry) => entry['type'] === type && (kind === undefined || entry['kind'] === kind)) ?? {};
      const [video, audio] = [find('inbound-rtp', 'video'), find('inbound-rtp', 'audio')];
      const pair = all.find((entry) => entry['type'] === 'candidate-pair' && entry['nominated']);
      return {
        framesDecoded: Number(video['framesDecoded'] ?? 0),
        framesPerSecond: Number(video['framesPerSecond'] ?? 0),
        packetsLost: Number(video['packetsLost'] ?? 0),
        freezes: Number(video['freezeCount'] ?? 0),
        available: Number(pair?.['availableOutgoingBitrate'] ?? 0),
        soundPackets: Number(audio['packetsReceived'] ?? 0),
        soundEnergy: Number(audio['totalAudioEnergy'] ?? 0),
      };
    });
    if (wanted(figures)) return figures;
  }
}

describe.skipIf(BROWSER_SKIPPED).each(TRANSPORTS)('a call of a real Chromium by %s, echoed chunk by chunk,', (name) => {
  const { restart, farewell, rebind } = CAPABILITIES[name];
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium({ camera: await camera() });
  });
  afterAll(async () => {
    await browser.close();
  });

  async function withCall(
    options: EchoOptions & { prefer?: string; relay?: Relay },
    check: (page: Page, server: EchoServer) => Promise<void>,
  ): Promise<void> {
    const make = await prepareTransport(name);
    const server = await EchoServer.open({ transport: LOOPBACK, make, ...options });
    const page = await browser.newPage();
    try {
      await server.show(page, options.relay);
      await call(page, options.prefer);
      await check(page, server);
    } finally {
      await page.close();
      server.close();
    }
  }

  it('plays at the camera’s rate, with sound, and Chromium’s estimate of the way rises', async () => {
    await withCall({}, async (page, server) => {
      const figures = await reach(
        page,
        ({ framesPerSecond, framesDecoded, available, soundEnergy }) =>
          framesPerSecond >= 27 && framesDecoded >= 90 && available > 1_000_000 && soundEnergy > 0,
      );
      expect(figures.packetsLost).toBe(0);
      expect(figures.soundPackets).toBeGreaterThan(100);
      const { drops, codec, roundTrip } = server.figures.at(-1) ?? {};
      expect({ drops, codec }).toEqual({ drops: {}, codec: 'vp8' });
      expect(roundTrip).not.toBeNull();
    });
  });

  it.each(['h264', 'vp9'] as const)('carries %s both ways', async (codec) => {
    await withCall({ prefer: codec, settings: { codec } }, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded >= 60);
      expect(server.figures.at(-1)?.codec).toBe(codec);
    });
  });

  it.runIf(farewell)('tells the page at once that the session is over', async () => {
    await withCall({}, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      const closed = page.evaluate(async () => {
        const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
        const transport = pc.getSenders()[0]?.transport;
        while (transport?.state !== 'closed') {
          await new Promise((resolve) => transport?.addEventListener('statechange', resolve, { once: true }));
        }
      });
      server.session.close();
      await closed;
      expect(server.states).toEqual(['connecting', 'connected', 'closed: closed']);
    });
  });

  it.runIf(restart)('goes on after an ICE restart', async () => {
    await withCall({}, async (page, server) => {
      const { framesDecoded: before } = await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      const ufrags = await page.evaluate(async () => {
        const { pc, answer } = globalThis as unknown as {
          pc: RTCPeerConnection;
          answer: (offer: string) => Promise<string>;
        };
        const ufrag = (): string | undefined => /a=ice-ufrag:(\S+)/.exec(pc.remoteDescription?.sdp ?? '')?.[1];
        const first = ufrag();
        await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
        await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
        return [first, ufrag()];
      });
      expect(ufrags[0]).not.toBe(ufrags[1]);
      await reach(page, ({ framesDecoded }) => framesDecoded >= before + 60);
      expect(server.states).toEqual(['connecting', 'connected']);
    });
  });

  it.runIf(!restart)('says that it cannot restart ICE, and goes on', async () => {
    await withCall({}, async (page, server) => {
      const { framesDecoded: before } = await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      const refusal = await page.evaluate(async () => {
        const { pc, answer } = globalThis as unknown as {
          pc: RTCPeerConnection;
          answer: (offer: string) => Promise<string>;
        };
        await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
        const told = await answer(pc.localDescription?.sdp ?? '').catch(String);
        await pc.setLocalDescription({ type: 'rollback' });
        return told;
      });
      expect(refusal).toContain('a new session must be opened');
      await reach(page, ({ framesDecoded }) => framesDecoded >= before + 60);
      expect(server.states).toEqual(['connecting', 'connected']);
    });
  });

  it.runIf(rebind)('goes on, the same session, after the browser’s port has changed', async () => {
    const relay = new Relay();
    await withCall({ relay }, async (page, server) => {
      const { framesDecoded: before } = await reach(page, ({ framesDecoded }) => framesDecoded > 30);
      relay.rebind();
      await reach(page, ({ framesDecoded }) => framesDecoded >= before + 90);
      expect(server.states).toEqual(['connecting', 'connected']);
    }).finally(() => relay.close());
  });

  it.runIf(!rebind)('ends after the browser’s port has changed, so that a new session can begin', async () => {
    const relay = new Relay();
    await withCall({ relay, transport: { ...LOOPBACK, silence: 4000 } }, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 90);
      relay.rebind();
      await reach(page, () => server.states.length > 2);
      expect(server.states).toEqual(['connecting', 'connected', 'closed: silent']);
    }).finally(() => relay.close());
  });

  it('ends when the browser leaves', async () => {
    await withCall({}, async (page, server) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 0);
      await page.evaluate(() => (globalThis as unknown as { pc: RTCPeerConnection }).pc.close());
      while (server.states.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(server.states).toEqual(['connecting', 'connected', 'closed: peer-closed']);
    });
  });

  it('reaches a gateway on its own machine by a network address and by the loopback alike', async () => {
    await withCall({ transport: { includeLoopback: true } }, async (page) => {
      await reach(page, ({ framesDecoded }) => framesDecoded > 0);
    });
  });
});

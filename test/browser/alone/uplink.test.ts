import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cached } from '../../media/cache.ts';
import { sceneOf } from '../../media/clip.ts';
import { y4mFrame, y4mHeader } from '../../media/y4m.ts';
import { BROWSER_SKIPPED, launchChromium } from '../chromium.ts';
import { EchoServer } from '../echo-server.ts';

const [WIDTH, HEIGHT, RATE, FRAMES] = [1280, 720, 30, 40];
/** Only the loopback: it is there on every machine. */
const LOOPBACK = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };
/** What Chromium gives one 720p picture when nothing holds it back is 2.5 Mbit/s; bits a second. */
const OWN_MAXIMUM = 2_400_000;

/** How Chromium sends, bits a second. */
interface Sending {
  /** What it thinks that the way carries. */
  readonly available: number;
  /** What its encoder may spend. */
  readonly target: number;
  readonly height: number;
  readonly limitedBy: string;
}

/**
 * The beginning of somebody talking, with a camera's noise: without it 2.4 Mbit/s would find nothing to be spent on; with
 * much more of it Chromium makes the picture smaller, and then spends less.
 */
function camera(): Promise<string> {
  const settings = { script: 'talk', width: WIDTH, height: HEIGHT, noise: 4 } as const;
  return cached('talk-noise-720.y4m', { ...settings, FRAMES }, (file) => {
    const frames: Uint8Array[] = [];
    for (const { picture } of sceneOf(settings)) {
      frames.push(y4mFrame(picture));
      if (frames.length === FRAMES) break;
    }
    writeFileSync(file, Buffer.concat([y4mHeader(WIDTH, HEIGHT, RATE), ...frames]));
  });
}

/**
 * Until it is connected Chromium takes its way for one of 300 kbit/s, makes the picture a quarter for it, and takes ten
 * seconds to make it whole again. That is its own affair, so it is told to leave the size alone.
 */
async function call(page: Page): Promise<void> {
  await page.evaluate(
    async ([width, height, frameRate]) => {
      const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      const video = { width, height, frameRate };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
      for (const track of stream.getTracks()) {
        const { sender } = pc.addTransceiver(track, { streams: [stream] });
        const parameters = sender.getParameters();
        Object.assign(parameters, { degradationPreference: 'maintain-resolution' });
        if (track.kind === 'video') await sender.setParameters(parameters);
      }
      await pc.setLocalDescription(await pc.createOffer());
      const { answer } = globalThis as unknown as { answer: (offer: string) => Promise<string> };
      await pc.setRemoteDescription({ type: 'answer', sdp: await answer(pc.localDescription?.sdp ?? '') });
      Object.assign(globalThis, { pc });
    },
    [WIDTH, HEIGHT, RATE] as const,
  );
}

/** Reads the page's figures each 100 ms until they are as wanted; the test's own time limit ends it otherwise. */
async function reach(page: Page, wanted: (sending: Sending) => boolean): Promise<Sending> {
  for (;;) {
    const sending = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { pc } = globalThis as unknown as { pc: RTCPeerConnection };
      const all: Record<string, number | string>[] = [];
      (await pc.getStats()).forEach((entry) => all.push(entry as Record<string, number | string>));
      const video = all.find(({ type, kind }) => type === 'outbound-rtp' && kind === 'video') ?? {};
      const pair = all.find((entry) => entry['type'] === 'candidate-pair' && entry['nominated']) ?? {};
      return {
        available: Number(pair['availableOutgoingBitrate'] ?? 0),
        target: Number(video['targetBitrate'] ?? 0),
        height: Number(video['frameHeight'] ?? 0),
        limitedBy: String(video['qualityLimitationReason']),
      };
    });
    if (wanted(sending)) return sending;
  }
}

describe.skipIf(BROWSER_SKIPPED)('what a real Chromium sends over a way without limits', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium({ camera: await camera() });
  });
  afterAll(async () => {
    await browser.close();
  });

  it('reaches Chromium’s own maximum for 720p, since our feedback never holds it back', async () => {
    const server = await EchoServer.open({ transport: LOOPBACK, silent: true });
    const page = await browser.newPage();
    try {
      await server.show(page);
      await call(page);
      const sending = await reach(page, ({ available, target }) => available >= OWN_MAXIMUM && target >= OWN_MAXIMUM);
      expect(sending).toMatchObject({ height: HEIGHT, limitedBy: 'none' });
      // It stays there.
      const seen = server.figures.length;
      await reach(page, () => server.figures.length >= seen + 3);
      const later = await reach(page, () => true);
      expect(later.target).toBeGreaterThanOrEqual(OWN_MAXIMUM);
      expect(server.figures.at(-1)?.lossIn).toBe(0);
    } finally {
      await page.close();
      server.close();
    }
  });
});

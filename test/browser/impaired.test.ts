import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EchoAnswerer, GatewayAnswerer } from '../bench/network/answerer.ts';
import { CallPage, type Answerer } from '../bench/network/call-page.ts';
import { offered } from '../bench/network/link-use.ts';
import { y4mClip } from '../media/clip.ts';
import { withoutCandidates } from '../relay/answer.ts';
import { Relay, type RelayOptions } from '../relay/relay.ts';
import { BROWSER_SKIPPED, launchChromium } from './chromium.ts';

const SIZE = { width: 640, height: 480 };
/** Noise makes the pictures hard to encode, so that the encoder wants all bits that it may have. */
const CLIP = { script: 'talk', ...SIZE, noise: 4 } as const;

interface Call {
  readonly page: CallPage;
  readonly relay: Relay;
}

/**
 * Whether calls live through what networks do. Floors are far below what is to be reached: `bench network` measures that,
 * on a machine that has nothing else to do.
 */
describe.skipIf(BROWSER_SKIPPED)(
  'a call of a real Chromium over a spoiled way (left out by GUISE_SKIP=browser)',
  () => {
    let browser: Browser;

    beforeAll(async () => {
      browser = await launchChromium({ camera: await y4mClip(CLIP) });
    });
    afterAll(async () => {
      await browser?.close();
    });

    async function withCall(
      answerer: Answerer,
      links: RelayOptions,
      check: (call: Call) => Promise<void>,
    ): Promise<void> {
      const relay = new Relay(links);
      const answer = async (offer: string): Promise<string> =>
        relay.through(await answerer.answer(withoutCandidates(offer)));
      const page = await CallPage.call(browser, { ...SIZE, codec: 'vp8' }, answer);
      try {
        await page.until(({ framesDecoded }) => framesDecoded >= 30);
        await check({ page, relay });
      } finally {
        await page.close();
        await answerer.close();
        relay.close();
      }
    }

    it('shows most of the camera’s frames at 10 % loss and 50 ms each way', async () => {
      const way = { loss: 10, delay: 50 };
      await withCall(await EchoAnswerer.start('werift'), { up: way, down: way }, async ({ page, relay }) => {
        const before = await page.until(() => true);
        const after = await page.until(({ framesEncoded }) => framesEncoded >= before.framesEncoded + 150);

        const share = (after.framesDecoded - before.framesDecoded) / (after.framesEncoded - before.framesEncoded);
        expect(share).toBeGreaterThan(0.6);
        for (const way of ['up', 'down'] as const) expect(relay.counters(way).lost).toBeGreaterThan(20);
      });
    });

    it('goes on, the same session, after the browser’s port has changed', async () => {
      const answerer = await EchoAnswerer.start('werift');
      await withCall(answerer, {}, async ({ page, relay }) => {
        relay.rebind();
        const { framesDecoded } = await page.until(() => true);
        await page.until((sample) => sample.framesDecoded >= framesDecoded + 60);

        expect(answerer.servers[0]?.states).toEqual(['connecting', 'connected']);
      });
    });

    it('goes on, the same session, after three seconds without a link', async () => {
      const answerer = await EchoAnswerer.start('werift');
      await withCall(answerer, {}, async ({ page, relay }) => {
        const cut = { cut: true };
        relay.start([
          { at: 0, up: cut, down: cut },
          { at: 3000, up: { cut: false }, down: { cut: false } },
        ]);
        await page.until(({ framesEncoded }) => framesEncoded > 0 && relay.counters('up').cut > 0);
        const { framesDecoded } = await page.until(() => true);
        await page.until((sample) => sample.framesDecoded >= framesDecoded + 60);

        expect(relay.counters('down').cut).toBeGreaterThan(0);
        expect(answerer.servers[0]?.states).toEqual(['connecting', 'connected']);
      });
    });

    it('sends what the way carries after its rate has fallen, and the picture goes on', async () => {
      await withCall(await GatewayAnswerer.start({ GUISE_PIXEL_THREADS: '1' }), {}, async ({ page, relay }) => {
        const rate = 600;
        await page.until(({ framesDecoded }) => framesDecoded >= 120);
        relay.set('down', { rate, queue: 500 });
        const capped = await page.until(() => true);
        const later = await page.until(({ framesEncoded }) => framesEncoded >= capped.framesEncoded + 210);
        const end = await page.until(({ framesEncoded }) => framesEncoded >= later.framesEncoded + 90);

        expect(offered(relay.records('down'), later.at, end.at)).toBeLessThan(rate * 1000 * 1.25);
        expect(end.framesDecoded - later.framesDecoded).toBeGreaterThan(20);
      });
    });
  },
);

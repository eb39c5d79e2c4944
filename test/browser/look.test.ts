/** A call by a whole recipe in Chromium: swap, both kinds of masks and enhancer, on the processor, with the page's own controls. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fivePoints } from '../../src/swap/neural/align/five-points.ts';
import { fitSimilarity, invert } from '../../src/swap/neural/align/similarity.ts';
import { templatePoints } from '../../src/swap/neural/align/templates.ts';
import { brokerReady } from '../bench/gpu/streams/streams-bench.ts';
import { networkFile } from '../gpu/networks/networks.ts';
import { sceneOf, type ClipSettings } from '../media/clip.ts';
import { BESIDE } from '../support/swap-recipes.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { EXTENT, PARTS } from './studio/crop-parts.ts';
import { keepFrames, takeFrames, untilSwapped } from './studio/returned-frames.ts';
import { readStamp, stampedCamera } from './studio/stamp.ts';
import { agreeToPhoto, offerPhoto, openStudio, startCamera, type Studio } from './studio/studio.ts';

const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480 };
const TEMPLATE = 'arcface_128';
const RECIPE = {
  name: 'whole',
  file: networkFile('tiny-photo'),
  size: 128,
  template: TEMPLATE,
  source: { kind: 'image', size: 128, template: TEMPLATE },
  maximumBatch: 1,
  // Of published sizes a processor runs too few for a session to be admitted.
  masks: [
    { ...BESIDE.occlusion('tiny-occlusion-128'), size: 128 },
    { ...BESIDE.regions(), file: networkFile('tiny-regions-128'), size: 128 },
  ],
  enhancer: { ...BESIDE.enhancer(), file: networkFile('tiny-negative-128'), size: 128, gives: 128 },
};

/** What a part of a frame shows: its mean redness, and how far its luma is from the caller's own, of 255. */
interface Seen {
  readonly redness: number;
  readonly fromCaller: number;
}

describe.skipIf(BROWSER_SKIPPED)(
  'a call by a recipe of four networks in Chromium (left out by GUISE_SKIP=browser)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'guise-look-'));
    const scene = sceneOf(CLIP);
    let studio: Studio;

    beforeAll(async () => {
      const file = join(folder, 'guise.json');
      writeFileSync(file, JSON.stringify({ gpu: { provider: 'cpu', workersPerGpu: 1, recipes: [RECIPE] } }));
      studio = await openStudio({
        camera: await stampedCamera(CLIP),
        query: '?budget=500',
        settings: { GUISE_CONFIG: file },
      });
      await brokerReady(studio.gateway.url);
      await studio.page.selectOption('#swap', 'whole');
      await startCamera(studio.page);
      await untilSwapped(studio.page);
    });
    afterAll(async () => {
      await studio?.close();
      rmSync(folder, { recursive: true });
    });

    /** The median of what frames from now on show of each part; `settled` says when they show what was asked for. */
    async function look(page: Page, settled: (seen: Record<keyof typeof PARTS, Seen>) => boolean) {
      for (;;) {
        await keepFrames(page, 'swapped', 3, 2);
        for (const { picture } of await takeFrames(page)) {
          const index = readStamp(picture);
          if (index === undefined) continue;
          const { picture: raw, faces } = scene.draw(index);
          const place = invert(fitSimilarity(fivePoints(faces[0]!.landmarks), templatePoints(TEMPLATE, RECIPE.size))!);
          const seen = (part: keyof typeof PARTS): Seen => {
            let [redness, fromCaller, count] = [0, 0, 0];
            for (let k = 0; k < 144; k++) {
              const u = RECIPE.size * (PARTS[part].x + (EXTENT * (k % 12)) / 12);
              const v = RECIPE.size * (PARTS[part].y + (EXTENT * Math.floor(k / 12)) / 12);
              const x = Math.round(place.a * u - place.b * v + place.tx);
              const y = Math.round(place.b * u + place.a * v + place.ty);
              redness += picture.v[(y >> 1) * picture.strideUv + (x >> 1)]!;
              fromCaller += Math.abs(picture.y[y * picture.strideY + x]! - raw.y[y * raw.strideY + x]!);
              count++;
            }
            return { redness: redness / count, fromCaller: fromCaller / count };
          };
          const all = { face: seen('face'), before: seen('before'), hair: seen('hair'), below: seen('below') };
          if (settled(all)) return all;
        }
      }
    }

    it('shows the new face where the masks let it, and the caller’s hair and what is before the face', async () => {
      const { page } = studio;
      await offerPhoto(page);
      await agreeToPhoto(page);
      await page.click('details summary');
      await page.selectOption('#colours', 'off');
      await page.locator('#enhance').fill('0');

      // Until then the enhancer, or the mesh while the network is on its way, may show.
      const { before, hair } = await look(
        page,
        (seen) => seen.before.fromCaller < 20 && seen.face.fromCaller > 8 && seen.face.redness > 125,
      );

      expect(hair.fromCaller).toBeLessThan(20);
      expect(before.fromCaller).toBeLessThan(20);
    });

    it('runs the enhancer as soon as the page’s slider asks for it, and leaves the rest to the masks', async () => {
      const { page } = studio;
      await page.locator('#enhance').fill('100');

      // It gives the opposite of each colour: skin turns blue.
      const { before, hair } = await look(page, ({ face }) => face.redness < 118);
      expect(before.fromCaller).toBeLessThan(20);
      expect(hair.fromCaller).toBeLessThan(20);

      await page.locator('#enhance').fill('0');
      expect((await look(page, ({ face }) => face.redness > 125)).face.redness).toBeGreaterThan(125);
      expect(studio.pageErrors).toEqual([]);
    });
  },
);

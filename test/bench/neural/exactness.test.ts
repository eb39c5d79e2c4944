import { expect, test } from 'vitest';
import type { ClipSettings } from '../../media/clip.ts';
import { measureChain } from './exactness.ts';

/** Odd sides, and a face whose crop reaches nearly all of the height. */
const CLIP: ClipSettings = { script: 'talk', width: 321, height: 241 };
const FRAMES = [0, 70, 190];

test('a face that a network leaves as it is comes back as exact arithmetic has it, and nothing else is touched', async () => {
  const { psnrDb, shiftPx, outsideExact } = await measureChain({
    network: 'tiny-identity',
    clip: CLIP,
    frames: FRAMES,
  });

  expect(psnrDb).toBeGreaterThanOrEqual(45);
  expect(shiftPx).toBeLessThanOrEqual(0.05);
  expect(outsideExact).toBe(true);
});

test('nothing of the caller comes through a network that gives one grey', async () => {
  const grey = await measureChain({ network: 'tiny-grey', clip: CLIP, frames: FRAMES });
  const through = await measureChain({ network: 'tiny-identity', clip: CLIP, frames: FRAMES });

  expect(grey.coreDeviation).toBeLessThanOrEqual(1);
  expect(grey.outsideExact).toBe(true);
  // The same measure sees the caller where the network lets it through.
  expect(through.coreDeviation).toBeGreaterThan(5);
});

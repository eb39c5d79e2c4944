import { expect, test } from 'vitest';
import { embeddingSource, noiseCrop } from '../../../../test/support/swap-recipes.ts';
import type { CropLane, SwappedPixels } from '../crop-lane.ts';
import { BoostedLane } from './boosted-lane.ts';

const SIZE = 64;
const sources = [embeddingSource(1), embeddingSource(2)];

/** A lane that gives every crop back as it came, darker by its place in the frame, its mask the red of it. */
class Mirror implements CropLane {
  readonly asked: Parameters<CropLane['swap']>[] = [];
  gone = false;

  swap(...asked: Parameters<CropLane['swap']>): Promise<readonly SwappedPixels[] | undefined> {
    this.asked.push([asked[0].map((crop) => crop.slice()), asked[1]]);
    if (this.gone) return Promise.resolve(undefined);
    return Promise.resolve(asked[0].map((crop) => ({ rgb: crop.slice(), mask: crop.filter((_, at) => at % 3 === 0) })));
  }

  close(): void {}
}

test.each([2, 3, 4])('a crop %i times as fine comes back pixel for pixel where it was', async (boost) => {
  const mirror = new Mirror();
  const lane = new BoostedLane(mirror, SIZE);
  const crop = noiseCrop(boost, boost * SIZE);
  const [face] = (await lane.swap([crop], { sources: sources.slice(0, 1), deadline: Infinity }))!;
  expect(face!.rgb).toEqual(crop);
  expect(face!.mask).toEqual(crop.filter((_, at) => at % 3 === 0));
  const [parts] = mirror.asked[0]!;
  expect(parts.map(({ length }) => length)).toEqual(Array(boost ** 2).fill(3 * SIZE ** 2));
  // Each part is the whole face, coarser: its first pixels are the crop's every k-th.
  expect([...parts[1]!.subarray(0, 3)]).toEqual([...crop.subarray(3, 6)]);
  expect([...parts[1]!.subarray(3, 6)]).toEqual([...crop.subarray(3 * (boost + 1), 3 * (boost + 2))]);
});

test('faces of a frame are boosted each by itself, and their sources go with their parts', async () => {
  const mirror = new Mirror();
  const crops = [noiseCrop(1, SIZE), noiseCrop(2, 2 * SIZE)];
  const faces = await new BoostedLane(mirror, SIZE).swap(crops, { sources, deadline: 5, enhance: 1 });
  expect(faces!.map(({ rgb }) => rgb)).toEqual(crops);
  const [parts, options] = mirror.asked[0]!;
  expect(parts).toHaveLength(5);
  expect(options).toEqual({ sources: [sources[0], ...Array<unknown>(4).fill(sources[1])], deadline: 5, enhance: 0 });
});

test('a frame without finer crops goes as it is, enhanced or not, and one that is given up comes back as none', async () => {
  const mirror = new Mirror();
  const lane = new BoostedLane(mirror, SIZE);
  const options = { sources, deadline: 5, enhance: 0.5 };
  await lane.swap([noiseCrop(1, SIZE), noiseCrop(2, SIZE)], options);
  expect(mirror.asked[0]![1]).toBe(options);
  mirror.gone = true;
  expect(await lane.swap([noiseCrop(1, 2 * SIZE)], { sources: sources.slice(1), deadline: 5 })).toBeUndefined();
});

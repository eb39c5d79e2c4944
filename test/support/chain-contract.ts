import { afterEach, describe, expect, test } from 'vitest';
import { monotonic } from '../../src/time.ts';
import { boxMask } from '../../src/swap/neural/mask/box-mask.ts';
import { Chain, type ChainFaces } from '../../src/worker/gpu/chain/chain.ts';
import type { Engine } from '../../src/worker/gpu/engine.ts';
import { differenceOf } from '../../src/worker/gpu/network/agreement.ts';
import { OCCLUDED } from '../gpu/networks/beside.ts';
import { networkFile } from '../gpu/networks/networks.ts';
import { OWN_MASK } from '../gpu/networks/tiny.ts';
import { BESIDE, colourSource, embeddingSource, noiseCrop, swapRecipe } from './swap-recipes.ts';

const SIZE = 128;
const PIXELS = SIZE * SIZE;
const BOX = boxMask(SIZE);
const SOURCE = colourSource([0, 0, 0]).bytes;
const SKIN = [200, 140, 120];
/** Devices round products in fewer bits than a processor. */
const NEAR = 2;

type Opened = (changes: Parameters<typeof swapRecipe>[1]) => Promise<Chain>;

/** What a whole recipe must do on any engine: swap, masks and enhancer. */
export function chainContract(name: string, engine: () => Engine): void {
  const open: Chain[] = [];
  afterEach(async () => {
    for (const chain of open.splice(0)) await chain.close();
  });
  /** A recipe whose swap gives (target + black) ÷ 2, with these beside it. */
  const opened: Opened = async (changes) => {
    const chain = await Chain.open(swapRecipe('tiny-image', changes), engine(), monotonic);
    open.push(chain);
    return chain;
  };
  describe(`${name}: the masks of a recipe`, () => testMasks(opened));
  describe(`${name}: the enhancer of a recipe`, () => testEnhancer(opened));
  describe(`${name}: the networks beside the swap`, () => testPreparation(opened));
}

function run(
  chain: Chain,
  crops: readonly Uint8Array[],
  enhance?: readonly number[],
  source = SOURCE,
): Promise<ChainFaces> {
  const pixels = new Uint8Array(Buffer.concat(crops));
  return chain.run({ crops: crops.length, filled: crops.length, pixels, sources: crops.map(() => source), enhance });
}

/** A crop of one colour, with another in a rectangle. */
function painted(
  colour: readonly number[],
  rest: readonly number[],
  inside: (x: number, y: number) => boolean,
): Uint8Array {
  return Uint8Array.from({ length: 3 * PIXELS }, (_, k) => {
    const at = Math.floor(k / 3);
    return (inside(at % SIZE, Math.floor(at / SIZE)) ? colour : rest)[k % 3]!;
  });
}

const at = (values: Uint8Array, x: number, y: number, size = SIZE): number => values[y * size + x]!;
const isBox = (mask: Uint8Array): boolean => differenceOf(mask, BOX).most <= NEAR;

function testMasks(opened: Opened): void {
  test('are its box alone where it names none', async () => {
    const { masks, size } = await run(await opened({}), [noiseCrop(1)]);
    expect(size).toBe(SIZE);
    expect(Buffer.compare(masks, BOX)).toBe(0);
    const { masks: cut } = await run(await opened({ box: { padding: [0.5, 0, 0, 0] } }), [noiseCrop(1)]);
    expect([at(cut, 64, 32), at(cut, 64, 100)]).toEqual([0, 255]);
  });

  test('keep what an occlusion network says lies before the face, with a soft edge', async () => {
    const { masks } = await run(await opened({ masks: [BESIDE.occlusion()] }), [noiseCrop(1)]);

    const edge = OCCLUDED * SIZE;
    const row = Array.from({ length: SIZE }, (_, x) => at(masks, x, 64));
    expect(Math.max(...row.slice(0, edge - 1))).toBe(0);
    // What is under a half is cut off, so it grows from the edge on, within three deviations.
    expect(row[edge + 3]).toBeGreaterThan(50);
    expect(row[edge + 3]).toBeLessThan(200);
    expect(Math.min(...row.slice(edge + 18, 100))).toBeGreaterThanOrEqual(255 - NEAR);
    expect(masks.every((value, k) => value <= BOX[k]!)).toBe(true);
  });

  test('look at the crop as it came for what is before the face, in the colours that the network takes', async () => {
    const chain = await opened({ masks: [BESIDE.occlusion('tiny-blue')] });
    const hand = painted([20, 40, 220], SKIN, (x, y) => x > 70 && y > 60);

    const { masks } = await run(chain, [hand, painted(SKIN, SKIN, () => true)]);

    expect([at(masks, 90, 90), at(masks, 40, 90), at(masks, 90, 40)]).toEqual([0, 255, 255]);
    expect(isBox(masks.subarray(PIXELS))).toBe(true);
  });

  test('leave out what a region network calls hair, and take the least of several', async () => {
    const both = await opened({ masks: [BESIDE.occlusion(), BESIDE.regions()] });
    const { masks } = await run(both, [noiseCrop(1)]);

    expect([at(masks, 64, 20), at(masks, 20, 64), at(masks, 64, 64), at(masks, 100, 100)]).toEqual([0, 0, 255, 255]);
  });

  test.each([{}, { prepare: [] }])('are the box where a network gives what is no number, %o', async (changes) => {
    const { masks } = await run(await opened({ ...changes, masks: [BESIDE.occlusion('tiny-undefined')] }), [
      noiseCrop(1),
    ]);
    expect(isBox(masks)).toBe(true);
  });

  test.each([{}, { prepare: [] }])(
    'are lowered by the swap network’s own, where that is asked for, %o',
    async (changes) => {
      const recipe = {
        ...changes,
        file: networkFile('tiny-masking'),
        source: { kind: 'embedding', length: 512 } as const,
      };
      const embedding = embeddingSource(1).bytes;
      const faces = [noiseCrop(1), noiseCrop(2)];

      const { masks } = await run(await opened({ ...recipe, ownMask: true }), faces, undefined, embedding);
      const { masks: without } = await run(await opened(recipe), faces, undefined, embedding);

      for (const mask of [masks.subarray(0, PIXELS), masks.subarray(PIXELS)]) {
        const edge = OWN_MASK * SIZE;
        expect(differenceOf(mask.subarray(0, edge * SIZE), BOX.subarray(0, edge * SIZE)).most).toBe(0);
        expect(Math.max(...mask.subarray(edge * SIZE))).toBe(0);
      }
      expect(isBox(without.subarray(0, PIXELS))).toBe(true);
      await expect(opened({ ...recipe, ownMask: true, file: networkFile('tiny') })).rejects.toMatchObject({
        code: 'model_unsupported',
      });
    },
  );

  test('are of no network whose file does not fit', async () => {
    const odd = { ...BESIDE.regions(), file: BESIDE.occlusion().file };
    await expect(opened({ masks: [odd] })).rejects.toMatchObject({ code: 'model_unsupported' });
  });
}

function testEnhancer(opened: Opened): void {
  const recipe = { enhancer: BESIDE.enhancer() };
  const grey = painted([100, 100, 100], [100, 100, 100], () => true);
  /** What the swap makes of it, and what the enhancer makes of that. */
  const [swapped, negative] = [50, 205];
  const middle = (pixels: Uint8Array, crop = 0): number => pixels[crop * 3 * 256 * 256 + 3 * (128 * 256 + 128)]!;
  const expectNear = (value: number, wanted: number): void =>
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(NEAR);

  test('is run where it is asked for, on larger crops, each by its amount', async () => {
    const chain = await opened(recipe);
    const { size, pixels, masks, durations } = await run(chain, [grey, grey, grey], [1, 0.5, 0]);

    expect([size, pixels.length, masks.length]).toEqual([256, 3 * 3 * 256 * 256, 3 * 256 * 256]);
    expectNear(middle(pixels, 0), negative);
    expectNear(middle(pixels, 1), (swapped + negative) / 2);
    expectNear(middle(pixels, 2), swapped);
    expect([at(masks, 128, 128, 256), at(masks, 0, 128, 256) < 20]).toEqual([255, true]);
    expect(durations.enhanced).toBeGreaterThan(0);
  });

  test('is left out where it is not asked for', async () => {
    const { size, pixels, durations } = await run(await opened(recipe), [grey]);
    expect([size, durations.enhanced]).toEqual([SIZE, 0]);
    expectNear(pixels[3 * (64 * SIZE + 64)]!, swapped);
  });

  test('lays what it gives where it took it from', async () => {
    const spot = (x: number, y: number): boolean => Math.hypot(x - 44, y - 80) < 10;
    const { pixels } = await run(await opened(recipe), [painted([250, 250, 250], [0, 0, 0], spot)], [1]);

    // 125 becomes 130 and 0 becomes 255, so the spot is what is darker than 200.
    let [sumX, sumY, count] = [0, 0, 0];
    for (let y = 30; y < 226; y++) {
      for (let x = 30; x < 226; x++) {
        if (pixels[3 * (y * 256 + x)]! > 192) continue;
        [sumX, sumY, count] = [sumX + x + 0.5, sumY + y + 0.5, count + 1];
      }
    }
    expect(Math.abs(sumX / count - 89)).toBeLessThan(0.5);
    expect(Math.abs(sumY / count - 161)).toBeLessThan(0.5);
    expect(Math.abs(count / (Math.PI * 20 ** 2) - 1)).toBeLessThan(0.1);
  });

  test('is told its weight, if it takes one', async () => {
    const bright = await opened({ enhancer: { ...BESIDE.enhancer('tiny-brighter'), weight: 0.25 } });
    const { pixels } = await run(bright, [grey], [1]);
    // A quarter of −1..1's unit, which is 127.5 of 255.
    expectNear(middle(pixels), swapped + 32);
  });

  test.each([{}, { prepare: [] }])('only enlarges a face of which it makes no number, %o', async (changes) => {
    const chain = await opened({ ...changes, enhancer: BESIDE.enhancer('tiny-dark-broken') });
    const black = painted([0, 0, 0], [100, 100, 100], (x, y) => Math.hypot(x - 64, y - 64) < 5);

    const { pixels } = await run(chain, [grey, black], [1, 1]);

    expectNear(middle(pixels, 0), 255);
    expectNear(pixels[3 * 256 * 256 + 3 * (40 * 256 + 40)]!, swapped);
  });
}

function testPreparation(opened: Opened): void {
  const beside = {
    masks: [BESIDE.occlusion('tiny-occlusion-single'), BESIDE.regions()],
    enhancer: BESIDE.enhancer('tiny-negative-single'),
  };
  const crops = [1, 2, 3, 4, 5].map((seed) => noiseCrop(seed));
  const amounts = [1, 0.8, 0.5, 0.2, 0];

  test('are prepared: bytes at their ends, a batch of one made free', async () => {
    const [swap, occlusion, regions, enhancer] = (await opened(beside)).preparation.split(' | ');

    expect(swap).toMatch(/^prepared: bytes /);
    expect(occlusion).toMatch(/^prepared: batch, bytes \[most:[0-2]\/255\]/);
    expect(regions).toMatch(/^prepared: bytes \[most:[0-2]\/255\]/);
    expect(enhancer).toMatch(/^prepared: batch, bytes \[most:[0-2]\/255\]/);
  });

  test('give in batches what their files give crop by crop', async () => {
    const prepared = await run(await opened(beside), crops, amounts);
    const plainChain = await opened({ ...beside, prepare: [] });
    const plain = await run(plainChain, crops, amounts);

    expect(plainChain.preparation.split(' | ').every((told) => told === 'as it is: it was asked for so')).toBe(true);
    expect(differenceOf(prepared.pixels, plain.pixels).most).toBeLessThanOrEqual(NEAR);
    expect(differenceOf(prepared.masks, plain.masks).most).toBeLessThanOrEqual(NEAR);
  });

  test('give a crop the same in any batch', async () => {
    const chain = await opened(beside);
    const together = await run(chain, crops, amounts);
    const alone = await run(chain, crops.slice(1, 2), amounts.slice(1, 2));

    const second = (values: Uint8Array): Uint8Array => {
      const length = values.length / crops.length;
      return values.subarray(length, 2 * length);
    };
    expect(differenceOf(second(together.pixels), alone.pixels).most).toBeLessThanOrEqual(1);
    expect(differenceOf(second(together.masks), alone.masks).most).toBeLessThanOrEqual(1);
  });
}

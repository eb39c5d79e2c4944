import { describe, expect, test } from 'vitest';
import { EngineLanes } from '../../../../test/support/engine-lanes.ts';
import { sceneOf } from '../../../../test/media/clip.ts';
import { Random } from '../../../../test/media/random.ts';
import { BESIDE, colourSource, swapRecipe } from '../../../../test/support/swap-recipes.ts';
import { enhancerNetworkSchema } from '../../../worker/wire/gpu-chain.ts';
import type { CropLane, SwappedPixels } from '../crop-lane.ts';
import { PLAIN_MASK } from '../mask/face-mask.ts';
import { NeuralSwap } from '../neural-swap.ts';
import { SpacedEnhancer, type WornFace } from './spaced-enhancer.ts';

const [FROM, SIDE] = [128, 256];
const ANN: WornFace = { id: 1, source: 'a' };
const WISH = { amount: 0.8, every: 3 };

/** A soft picture, its mask without an edge. */
function plainFace(seed: number): SwappedPixels {
  const random = new Random(seed);
  const [across, down] = [4 + 8 * random.next(), 4 + 8 * random.next()];
  const rgb = Uint8Array.from({ length: 3 * FROM * FROM }, (_, k) => {
    const [x, y] = [Math.floor(k / 3) % FROM, Math.floor(k / 3 / FROM)];
    return 128 + 60 * Math.sin((across * x) / FROM + (k % 3)) * Math.cos((down * y) / FROM);
  });
  return { rgb, mask: new Uint8Array(FROM * FROM).fill(255) };
}

/** What an enhancer makes of it: twice as many pixels, with a grain that none of its own had. */
function enhancedFace({ rgb: plain, mask }: SwappedPixels): SwappedPixels {
  const rgb = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, k) => {
    const [x, y] = [Math.floor(k / 3) % SIDE, Math.floor(k / 3 / SIDE)];
    return plain[3 * ((y >> 1) * FROM + (x >> 1)) + (k % 3)]! + ((x + y) % 2 === 0 ? 40 : -40);
  });
  return { rgb, mask: new Uint8Array(4 * mask.length).fill(255), plain };
}

/** How far two enhanced faces are from each other, at most, in a part of them (shares of the side). */
function worst(one: Uint8Array, other: Uint8Array, [top, bottom]: readonly [number, number] = [0, 1]): number {
  const [from, to] = [top, bottom].map((share) => 3 * SIDE * Math.round(SIDE * share));
  let most = 0;
  for (let k = from!; k < to!; k++) most = Math.max(most, Math.abs(one[k]! - other[k]!));
  return most;
}

/** A mouth that opens: the lower middle turns dark. */
function withOpenMouth({ rgb, mask }: SwappedPixels): SwappedPixels {
  const open = rgb.slice();
  for (let y = 88; y < 104; y++) open.fill(20, 3 * (y * FROM + 40), 3 * (y * FROM + 88));
  return { rgb: open, mask };
}

describe('an enhancer that runs on every third frame', () => {
  test('is asked for at once where a face, its source or the amount is new, and else on one frame of three', () => {
    const enhancer = new SpacedEnhancer();
    const ask = (faces: readonly WornFace[], wish = WISH): number => enhancer.next(faces, wish);

    expect(Array.from({ length: 7 }, () => ask([ANN]))).toEqual([0.8, 0, 0, 0.8, 0, 0, 0.8]);
    const bob = { id: 2, source: 'b' };
    expect([ask([ANN, bob]), ask([ANN, bob]), ask([ANN])]).toEqual([0.8, 0, 0]);
    expect([ask([{ ...ANN, source: 'c' }]), ask([{ ...ANN, source: 'c' }])]).toEqual([0.8, 0]);
    expect([ask([{ ...ANN, source: 'c' }], { amount: 0.5, every: 3 })]).toEqual([0.5]);
    expect([ask([ANN], { amount: 0, every: 3 }), ask([ANN], { amount: 0, every: 1 })]).toEqual([0, 0]);
    expect(Array.from({ length: 3 }, () => ask([ANN], { amount: 1, every: 1 }))).toEqual([1, 1, 1]);
  });

  test('leaves a still face of the frames between as it is enhanced, lighter or darker', () => {
    const enhancer = new SpacedEnhancer();
    const plain = plainFace(1);
    const enhanced = enhancedFace(plain);
    enhancer.learn([ANN], enhancer.next([ANN], WISH), [enhanced]);

    expect(worst(enhancer.carry(ANN, plain).rgb, enhanced.rgb)).toBe(0);
    expect(enhancer.carry(ANN, enhanced)).toBe(enhanced);
    const lighter = { ...plain, rgb: plain.rgb.map((value) => value + 12) };
    const carried = enhancer.carry(ANN, lighter);
    expect(carried.mask).toHaveLength(SIDE * SIDE);
    expect(
      worst(
        carried.rgb,
        enhanced.rgb.map((value) => value + 12),
      ),
    ).toBeLessThanOrEqual(1);
  });

  test('lays nothing of a closed mouth over an open one, and still draws the rest finely', () => {
    const enhancer = new SpacedEnhancer();
    const plain = plainFace(2);
    const enhanced = enhancedFace(plain);
    enhancer.learn([ANN], enhancer.next([ANN], WISH), [enhanced]);

    const { rgb } = enhancer.carry(ANN, withOpenMouth(plain));

    // Inside the mouth it is dark, without the grain; away from it the grain is whole.
    for (let y = 180; y < 204; y++)
      for (let x = 84; x < 172; x++) expect(Math.abs(rgb[3 * (y * SIDE + x)]! - 20)).toBeLessThanOrEqual(1);
    expect(worst(rgb, enhanced.rgb, [0, 0.6])).toBeLessThanOrEqual(4);
  });

  test('carries nothing over to another face, source or size, nor what was left out or asked for otherwise', () => {
    const plain = plainFace(3);
    const taught = (): SpacedEnhancer => {
      const enhancer = new SpacedEnhancer();
      enhancer.learn([ANN], enhancer.next([ANN], WISH), [enhancedFace(plain)]);
      return enhancer;
    };

    expect(taught().carry({ id: 2, source: 'a' }, plain)).toBe(plain);
    expect(taught().carry({ id: 1, source: 'b' }, plain)).toBe(plain);
    const larger = { rgb: new Uint8Array(3 * SIDE * SIDE), mask: new Uint8Array(SIDE * SIDE) };
    expect(taught().carry(ANN, larger)).toBe(larger);

    // Under load it comes back as the swap network made it: then frames between do too.
    const eased = taught();
    eased.learn([ANN], WISH.amount, [plain]);
    expect(eased.carry(ANN, plain)).toBe(plain);
    const givenUp = taught();
    givenUp.learn([ANN], WISH.amount, undefined);
    expect(givenUp.carry(ANN, plain)).not.toBe(plain);

    // Gone and back, or turned off and on again, it is another face.
    for (const faces of [[], [ANN]]) {
      const left = taught();
      left.next(faces, { ...WISH, amount: faces.length === 0 ? WISH.amount : 0 });
      left.next([ANN], WISH);
      expect(left.carry(ANN, plain)).toBe(plain);
    }
    const late = taught();
    late.next([ANN], { amount: 0.3, every: 3 });
    late.learn([ANN], WISH.amount, [enhancedFace(plainFace(4))]);
    expect(worst(late.carry(ANN, plain).rgb, enhancedFace(plain).rgb)).toBe(0);
  });
});

describe('a session whose enhancer runs on every third frame', () => {
  test('shows a still face by a network as if it were enhanced each time', async () => {
    const enhancer = enhancerNetworkSchema.parse(BESIDE.enhancer());
    const lanes = await EngineLanes.open(swapRecipe('tiny-image', { enhancer, maximumBatch: 1 }));
    const asked: (number | undefined)[] = [];
    const engine = await lanes.open();
    const lane: CropLane = {
      swap: (crops, options) => {
        asked.push(options.enhance);
        return engine.swap(crops, options);
      },
      close: () => engine.close(),
    };
    const recipe = { name: 'tiny-image', size: FROM, template: 'arcface_128' } as const;
    const source = { kind: 'image', size: 64, template: 'arcface_128' } as const;
    const swap = new NeuralSwap({ ...recipe, source }, lane);
    const { picture, faces } = sceneOf({ script: 'talk', width: 320, height: 240 }).draw(0);
    const shown: Buffer[] = [];
    for (let frame = 0; frame < 4; frame++) {
      const face = { id: 1, landmarks: faces[0]!.landmarks };
      const options = { sources: [colourSource([200, 40, 10])], deadline: Infinity, enhance: 0.8, enhanceEvery: 3 };
      const flight = swap.send(picture, [face], options)!;
      const pixels = (await flight.swapped)!;
      const [crop] = swap.paste(picture, flight, { pixels, keep: false, looks: [PLAIN_MASK] });
      shown.push(Buffer.concat([crop!.luma, crop!.u, crop!.v, crop!.lumaMask]));
      swap.release(flight);
    }
    swap.close();
    lanes.close();

    expect(asked).toEqual([0.8, 0, 0, 0.8]);
    for (const [frame, bytes] of shown.entries()) {
      const differences = bytes.map((value, k) => Math.abs(value - shown[0]![k]!));
      expect(Math.max(...differences), `frame ${frame}`).toBeLessThanOrEqual(2);
    }
  });
});

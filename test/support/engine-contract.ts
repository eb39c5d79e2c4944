import { afterEach, describe, expect, test } from 'vitest';
import type { Engine, OpenNetwork } from '../../src/worker/gpu/engine.ts';
import type { GpuRecipe, Provider } from '../../src/worker/wire/gpu-protocol.ts';
import type { NetworkName } from '../gpu/networks/networks.ts';
import { colourSource, embeddingSource, noiseCrop, swapRecipe } from './swap-recipes.ts';

/** What an engine must do, whatever it is made of. */
export function engineContract(name: string, wanted: { readonly provider: Provider; engine(): Engine }): void {
  describe(`${name}, as an engine,`, () => {
    const open: OpenNetwork[] = [];
    afterEach(async () => {
      for (const network of open.splice(0)) await network.close();
    });
    const opened = async (network: NetworkName, changes?: Partial<GpuRecipe>): Promise<OpenNetwork> => {
      const made = await wanted.engine().open(swapRecipe(network, changes));
      open.push(made);
      return made;
    };

    test('runs where it was asked to, and says what its weights take', async () => {
      const network = await opened('tiny');

      expect(network.provider).toBe(wanted.provider);
      // What is told before is what it takes once every batch size has run.
      expect(network.bytes).toBeGreaterThan(0);
      expect(network.bytes).toBeLessThanOrEqual(await wanted.engine().bytesOf(swapRecipe('tiny')));
    });

    test.each(['tiny-image', 'tiny-image-float16'] as const)('swaps in place, %s', async (name) => {
      const network = await opened(name);
      const pixels = Uint8Array.from([...noiseCrop(1), ...noiseCrop(2)]);
      const before = pixels.slice();
      const tints = [
        [255, 0, 0],
        [0, 0, 255],
      ] as const;

      const { filled, run, read } = await network.run({
        crops: 2,
        filled: 3,
        pixels,
        sources: tints.map((tint) => colourSource(tint).bytes),
      });

      const half = pixels.length / 2;
      const wrong = pixels.filter(
        (value, k) => Math.abs(value - (before[k]! + tints[k < half ? 0 : 1]![k % 3]!) / 2) > 1,
      );
      expect(wrong.length).toBe(0);
      expect([filled, run, read].every((part) => part >= 0)).toBe(true);
    });

    test('gives a crop the same face in any batch, also where the network takes one at a time', async () => {
      const [free, single] = [await opened('tiny'), await opened('tiny-single')];
      const sources = [1, 2, 3].map((seed) => embeddingSource(seed).bytes);
      const together = Uint8Array.from([...noiseCrop(1), ...noiseCrop(2), ...noiseCrop(3)]);
      const [apart, second] = [together.slice(), noiseCrop(2)];

      await free.run({ crops: 3, filled: 4, pixels: together, sources });
      await single.run({ crops: 3, filled: 3, pixels: apart, sources });
      await free.run({ crops: 1, filled: 1, pixels: second, sources: sources.slice(1, 2) });

      // Devices add in another order for another batch.
      expect(farthest(apart, together)).toBeLessThanOrEqual(1);
      expect(farthest(second, together.subarray(second.length, 2 * second.length))).toBeLessThanOrEqual(1);
      expect(Buffer.compare(second, noiseCrop(2))).not.toBe(0);
    });

    test.each([{ prepare: [] }, {}])('tells of which crops no picture was made, %o', async (changes) => {
      const network = await opened('tiny-broken', changes);
      const [clear, black] = [new Uint8Array(3 * 128 * 128).fill(9), new Uint8Array(3 * 128 * 128).fill(9)];
      black[1000] = 0;
      const sources = [1, 2, 3].map((seed) => embeddingSource(seed).bytes);

      const { broken } = await network.run({
        crops: 3,
        filled: 4,
        pixels: Uint8Array.from([...clear, ...black, ...clear]),
        sources,
      });

      expect(broken).toEqual([1]);
    });

    test('prepares a file, and says how; one that was prepared is not prepared again', async () => {
      const first = await opened('narrow-published-float32');
      const again = await opened('narrow-published-float32');
      const plain = await opened('narrow-published-float32', { prepare: [] });
      const crops = Uint8Array.from([...noiseCrop(1), ...noiseCrop(2)]);
      const [one, other] = [crops.slice(), crops.slice()];
      const sources = [1, 2].map((seed) => embeddingSource(seed).bytes);

      await again.run({ crops: 2, filled: 2, pixels: one, sources });
      await plain.run({ crops: 2, filled: 2, pixels: other, sources });

      expect(first.preparation).toMatch(/^prepared: batch, norms 12.* bytes \[most:/);
      expect(again.preparation).toBe(first.preparation);
      expect(plain.preparation).toBe('as it is: it was asked for so');
      expect(farthest(one, other)).toBeLessThanOrEqual(wanted.provider === 'cpu' ? 2 : 24);
    });

    test('leaves the batch of a file at 1 that takes its faces together, and says so', async () => {
      const network = await opened('tiny-mixing');
      const pixels = Uint8Array.from([...noiseCrop(1), ...noiseCrop(2)]);
      const before = pixels.slice();
      const sources = [1, 2].map((seed) => embeddingSource(seed).bytes);

      await network.run({ crops: 2, filled: 2, pixels, sources });

      expect(network.preparation).toMatch(/^prepared: bytes .*instead of: prepared: batch, bytes, it must give/);
      expect(
        farthest(
          pixels,
          before.map((value) => Math.round(0.75 * value)),
        ),
      ).toBeLessThanOrEqual(1);
    });

    test('refuses a file that is no network, or not of the recipe', async () => {
      const engine = wanted.engine();
      await expect(engine.open(swapRecipe('tiny', { file: 'package.json' }))).rejects.toMatchObject({
        code: 'model_unsupported',
      });
      await expect(engine.open(swapRecipe('tiny', { size: 64 }))).rejects.toMatchObject({ code: 'model_unsupported' });
    });
  });
}

/** The largest difference of two bytes at the same place. */
function farthest(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index]!)), 0);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CropSource } from '../../../src/swap/neural/crop-lane.ts';
import type { OpenNetwork } from '../../../src/worker/gpu/engine.ts';
import type { GpuRecipe } from '../../../src/worker/wire/gpu-protocol.ts';
import { inswapperNetwork } from '../../gpu/networks/inswapper.ts';
import { writeNetwork } from '../../gpu/networks/networks.ts';
import { processorEngine } from '../../support/engine-lanes.ts';
import { colourSource, embeddingSource, noiseCrop, swapRecipe } from '../../support/swap-recipes.ts';

const SIZES = [2, 3, 4, 6, 8];
const MOST = 8;
/** Inswapper's layers with so many times fewer channels: what a processor runs in a tenth of a second. */
const NARROW = 16;

/** Largest difference between a crop in a batch and alone, through the engine of a GPU worker, of 255; by network. */
export async function measureBatches(): Promise<Readonly<Record<string, number>>> {
  const folder = mkdtempSync(join(tmpdir(), 'guise-batches-'));
  try {
    const file = join(folder, 'inswapper.onnx');
    writeNetwork(inswapperNetwork({ type: 'float32', narrow: NARROW }), file);
    return {
      'inswapper, narrow': await widestGap(swapRecipe('tiny', { file }), embeddingSource),
      tiny: await widestGap(swapRecipe('tiny'), embeddingSource),
      'tiny-float16': await widestGap(swapRecipe('tiny-float16'), embeddingSource),
      'tiny-image': await widestGap(swapRecipe('tiny-image'), (seed) => colourSource([seed * 20, 90, 200 - seed])),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How far the network that lays a photo over the target is from 0.1 × target + 0.9 × photo, of 255. */
export async function measureKnown(): Promise<number> {
  const source = { kind: 'image', size: 128 } as const;
  const network = await processorEngine().open(swapRecipe('tiny-photo', { source }));
  const [target, photo] = [noiseCrop(1), noiseCrop(2)];
  const pixels = target.slice();
  await network.run({ crops: 1, filled: 1, pixels, sources: [photo] });
  await network.close();
  return target.reduce((most, value, k) => Math.max(most, Math.abs(0.1 * value + 0.9 * photo[k]! - pixels[k]!)), 0);
}

async function widestGap(recipe: GpuRecipe, sourceOf: (seed: number) => CropSource): Promise<number> {
  const network = await processorEngine().open(recipe);
  const sources = Array.from({ length: MOST }, (_, k) => sourceOf(k + 1).bytes);
  const singles: Uint8Array[] = [];
  for (let k = 0; k < MOST; k++) singles.push(await run(network, [k], sources));
  let widest = 0;
  for (const size of SIZES) {
    const batch = Array.from({ length: size }, (_, k) => k);
    const together = await run(network, batch, sources);
    const apart = Buffer.concat(batch.map((k) => singles[k]!));
    together.forEach((value, k) => (widest = Math.max(widest, Math.abs(value - apart[k]!))));
  }
  await network.close();
  return widest;
}

/** The swapped pixels of these crops, one after the other. */
async function run(
  network: OpenNetwork,
  crops: readonly number[],
  sources: readonly Uint8Array[],
): Promise<Uint8Array> {
  const pixels = new Uint8Array(Buffer.concat(crops.map((k) => noiseCrop(100 + k))));
  await network.run({ crops: crops.length, filled: crops.length, pixels, sources: crops.map((k) => sources[k]!) });
  return pixels;
}

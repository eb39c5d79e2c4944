import { createHash } from 'node:crypto';
import type { CropSource } from '../../src/swap/neural/crop-lane.ts';
import { gpuRecipeSchema, type GpuRecipe } from '../../src/worker/wire/gpu-protocol.ts';
import { networkFile, type NetworkName } from '../gpu/networks/networks.ts';
import { Random } from '../media/random.ts';

/** A recipe with a generated network, as a GPU worker takes it. */
export function swapRecipe(network: NetworkName, changes: Partial<GpuRecipe> = {}): GpuRecipe {
  return gpuRecipeSchema.parse({
    name: network,
    file: networkFile(network),
    size: network === 'tiny-256' ? 256 : 128,
    source: network.startsWith('tiny-image') ? { kind: 'image', size: 64 } : { kind: 'embedding', length: 512 },
    ...changes,
  });
}

/** An embedding of length 1, as a source. */
export function embeddingSource(seed: number): CropSource {
  const random = new Random(seed);
  const values = Float32Array.from({ length: 512 }, () => random.normal());
  const length = Math.hypot(...values);
  return sourceOf(new Uint8Array(values.map((value) => value / length).buffer));
}

/** A picture of one colour, as a source. */
export function colourSource(colour: readonly [number, number, number], size = 64): CropSource {
  return sourceOf(Uint8Array.from({ length: 3 * size * size }, (_, k) => colour[k % 3]!));
}

function sourceOf(bytes: Uint8Array): CropSource {
  return { hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

/** A crop of noise, [size, size, 3] uint8. */
export function noiseCrop(seed: number, size = 128): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: 3 * size * size }, () => random.below(256));
}

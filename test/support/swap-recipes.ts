import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { CropSource } from '../../src/swap/neural/crop-lane.ts';
import type { enhancerNetworkSchema, MaskNetworkOptions } from '../../src/worker/wire/gpu-chain.ts';
import { gpuRecipeSchema, type GpuRecipe, type Provider } from '../../src/worker/wire/gpu-protocol.ts';
import { networkFile, type NetworkName } from '../gpu/networks/networks.ts';
import { Random } from '../media/random.ts';

/** A recipe with a generated network, as a GPU worker takes it. */
export function swapRecipe(network: NetworkName, changes: Partial<z.input<typeof gpuRecipeSchema>> = {}): GpuRecipe {
  return gpuRecipeSchema.parse({
    name: network,
    file: networkFile(network),
    size: network === 'tiny-256' || network.includes('simswap') ? 256 : 128,
    source: network.startsWith('tiny-image') ? { kind: 'image', size: 64 } : { kind: 'embedding', length: 512 },
    ...changes,
  });
}

/** The generated networks that a recipe can have beside its swap, in the form of the published ones that they stand for. */
export const BESIDE = {
  /** As xseg. */
  occlusion: (network: NetworkName = 'tiny-occlusion'): MaskNetworkOptions => ({
    ...{ file: networkFile(network), size: 256, layout: 'nhwc', colours: 'bgr', input: 'unit' },
    gives: { kind: 'occlusion' },
  }),
  /** As bisenet. */
  regions: (network: NetworkName = 'tiny-regions'): MaskNetworkOptions => ({
    ...{ file: networkFile(network), size: 512, layout: 'nchw', colours: 'rgb', input: 'imagenet' },
    gives: { kind: 'region', count: 19, face: [1, 2, 3, 4, 5, 6, 10, 11, 12, 13] },
  }),
  /** As gfpgan, and as codeformer, which has a weight. */
  enhancer: (network: NetworkName = 'tiny-negative'): z.input<typeof enhancerNetworkSchema> => ({
    ...{ file: networkFile(network), size: 512, template: 'ffhq_512', input: 'signed', output: 'signed' },
  }),
};

/** Masks and enhancer of a bench: of published shapes, which take a processor seconds, or tiny ones there. */
export function besideOf(provider: Provider): Pick<z.input<typeof gpuRecipeSchema>, 'masks' | 'enhancer'> {
  if (provider === 'cpu') return { masks: [BESIDE.occlusion(), BESIDE.regions()], enhancer: BESIDE.enhancer() };
  const masks = [BESIDE.occlusion('mask-published'), BESIDE.regions('regions-published')];
  return { masks, enhancer: BESIDE.enhancer('enhancer-published') };
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

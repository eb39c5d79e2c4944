import { Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { inswapperNetwork } from '../../../test/gpu/networks/inswapper.ts';
import { farthest, modelOf, operatorsOf, runModel } from '../../../test/support/run-model.ts';
import { embeddingSource, noiseCrop } from '../../../test/support/swap-recipes.ts';
import { prepareGraph } from './prepare-graph.ts';
import { useBytes } from './rewrites/byte-ends.ts';
import { USUAL_REWRITES } from './rewrites.ts';

const SIZE = 128;
const UNIT = [1, 2, 3].map(() => [0, 1] as const);
const ends = {
  inputs: { target: { size: SIZE, range: UNIT } },
  output: { size: SIZE, gain: 255, offset: 0 },
  mask: false,
};

/** A crop as planes, 0..1. */
function planes(crop: Uint8Array): Tensor {
  const area = SIZE * SIZE;
  const values = Float32Array.from({ length: 3 * area }, (_, k) => crop[(k % area) * 3 + Math.floor(k / area)]! / 255);
  return new Tensor('float32', values, [1, 3, SIZE, SIZE]);
}

/** Embeddings of length 1. */
function embeddings(seeds: readonly number[]): Tensor {
  const bytes = seeds.map((seed) => embeddingSource(seed).bytes);
  return new Tensor('float32', new Float32Array(new Uint8Array(Buffer.concat(bytes)).buffer), [seeds.length, 512]);
}

test.each(['float32', 'float16'] as const)(
  'a network as published, %s, is prepared for batches of bytes and gives the same faces',
  async (type) => {
    const network = (): ReturnType<typeof modelOf> => modelOf(inswapperNetwork({ type, published: true, narrow: 64 }));
    const [crops, sources] = [
      [1, 2],
      [3, 4],
    ] as const;
    const expected: number[] = [];
    for (const [k, seed] of crops.entries()) {
      const feeds = { target: planes(noiseCrop(seed)), source: embeddings([sources[k]!]) };
      const [face] = await runModel(network(), feeds);
      const area = SIZE * SIZE;
      for (let pixel = 0; pixel < area; pixel++)
        for (let c = 0; c < 3; c++) expected.push(Math.round(255 * face![c * area + pixel]!));
    }

    const prepared = network();
    const done = prepareGraph(prepared, { rewrites: USUAL_REWRITES, ends: (graph) => useBytes(graph, ends) });
    const [picture, mean] = await runModel(prepared, {
      target: new Tensor('uint8', Buffer.concat(crops.map((seed) => noiseCrop(seed))), [2, SIZE, SIZE, 3]),
      source: embeddings(sources),
    });

    expect(done).toEqual({ batch: 0, norms: 12, styles: 12, products: 12, bytes: 1 });
    expect(operatorsOf(prepared)).toMatchObject({ InstanceNormalization: 12, Gemm: 1, Split: 1, Conv: 20 });
    expect(operatorsOf(prepared)['Sqrt']).toBeUndefined();
    // Random weights make much of each rounding in half precision.
    expect(farthest(picture!, expected)).toBeLessThanOrEqual(type === 'float32' ? 1 : 8);
    expect(mean!.length).toBe(2);
    expect(mean!.every(Number.isFinite)).toBe(true);
  },
);

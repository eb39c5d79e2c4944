import { OnnxGraph, type FloatType } from '../../../src/onnx/graph/onnx-graph.ts';
import { EMBEDDING, Layers } from './layers.ts';

/** Side of its crops, pixels. */
const SIZE = 256;
/** Channels at its four sizes, from the crop's to an eighth of it. */
const CHANNELS = [64, 128, 256, 512] as const;
/** Style blocks at the smallest size. */
const BLOCKS = 9;

/**
 * A network of simswap_256's architecture with random weights (SimSwap's `Generator_Adain_Upsample`; 126 GFLOP and 55 million parameters):
 * for timing, its pictures mean nothing. `target` [n, 3, 256, 256], 0..1, and `source` [n, 512] to [n, 3, 256, 256], 0..1.
 */
export function simswapNetwork({
  type,
  narrow = 1,
}: {
  readonly type: FloatType;
  readonly narrow?: number;
}): OnnxGraph {
  const graph = new OnnxGraph();
  const [finest, ...coarser] = CHANNELS.map((channels) => channels / narrow) as [number, ...number[]];
  const layers = new Layers(graph, { type, seed: 3, wide: coarser.at(-1)!, published: false });
  const target = graph.input('target', ['n', 3, SIZE, SIZE], type);
  const source = graph.input('source', ['n', EMBEDDING], type);

  let from = finest;
  let x = layers.leaky(layers.convolution(layers.mirrored(target, 3), { from: 3, to: finest, side: 7, pad: 0 }));
  for (const to of coarser) {
    x = layers.leaky(layers.convolution(x, { from, to, side: 3, pad: 1, stride: 2 }));
    from = to;
  }
  for (let block = 0; block < BLOCKS; block++) x = layers.styleBlock(x, source);
  for (const to of [...coarser.slice(0, -1).reverse(), finest]) {
    x = layers.leaky(layers.convolution(layers.doubled(x), { from, to, side: 3, pad: 1 }));
    from = to;
  }
  x = layers.convolution(layers.mirrored(x, 3), { from, to: 3, side: 7, pad: 0 });
  graph.output('output', graph.node('Sigmoid', [x]), ['n', 3, SIZE, SIZE], type);
  return graph;
}

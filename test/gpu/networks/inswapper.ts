import { OnnxGraph, type FloatType } from '../../../src/onnx/graph/onnx-graph.ts';
import { EMBEDDING, Layers } from './layers.ts';

/** Side of its crops, pixels. */
export const INSWAPPER_SIZE = 128;
/** Channels of the style blocks; the other layers have a half to an eighth of them. */
const WIDE = 1024;

/**
 * A network of inswapper_128's architecture with random weights (`StyleTransferModel_128` of ReSwapper; 349 GFLOP and 138.3
 * million parameters): for timing, its pictures mean nothing. `target` [n, 3, 128, 128], 0..1, RGB, and `source` [n, 512] to
 * [n, 3, 128, 128], 0..1. Weights are scaled so that values neither vanish nor overflow in half precision.
 */
export function inswapperNetwork(options: {
  readonly type: FloatType;
  readonly seed?: number;
  /** So many times fewer channels: another network, of the same build, that a processor can run. */
  readonly narrow?: number;
  /**
   * As such files are published: for one face, instance norms spelt out, the source's two halves cut out by slices, and its ends float32,
   * also where all within is in half precision.
   */
  readonly published?: boolean;
}): OnnxGraph {
  const graph = new OnnxGraph();
  const { published = false } = options;
  const wide = WIDE / (options.narrow ?? 1);
  const [half, quarter, eighth] = [wide / 2, wide / 4, wide / 8];
  const layers = new Layers(graph, { type: options.type, seed: options.seed ?? 1, wide, published });
  const [n, ends] = published ? ([1, 'float32'] as const) : (['n', options.type] as const);
  const cast = (value: string, from: FloatType, to: FloatType): string =>
    from === to ? value : graph.node('Cast', [value], { to: to === 'float32' ? 1 : 10 });
  const given = (name: string, shape: readonly number[]): string =>
    cast(graph.input(name, [n, ...shape], ends), ends, options.type);
  const target = given('target', [3, INSWAPPER_SIZE, INSWAPPER_SIZE]);
  const source = given('source', [EMBEDDING]);

  let x = layers.leaky(layers.convolution(layers.mirrored(target, 3), { from: 3, to: eighth, side: 7, pad: 0 }));
  x = layers.leaky(layers.convolution(x, { from: eighth, to: quarter, side: 3, pad: 1 }));
  x = layers.leaky(layers.convolution(x, { from: quarter, to: half, side: 3, pad: 1, stride: 2 }));
  x = layers.leaky(layers.convolution(x, { from: half, to: wide, side: 3, pad: 1, stride: 2 }));
  for (let block = 0; block < 6; block++) x = layers.styleBlock(x, source);
  x = layers.leaky(layers.convolution(layers.doubled(x), { from: wide, to: half, side: 3, pad: 1 }));
  x = layers.leaky(layers.convolution(layers.doubled(x), { from: half, to: quarter, side: 3, pad: 1 }));
  x = layers.leaky(layers.convolution(x, { from: quarter, to: eighth, side: 3, pad: 1 }));
  x = graph.node('Tanh', [layers.convolution(layers.mirrored(x, 3), { from: eighth, to: 3, side: 7, pad: 0 })]);
  const middle = layers.weights.values([1], [0.5]);
  x = graph.node('Add', [graph.node('Mul', [x, middle]), middle]);
  graph.output('output', cast(x, options.type, ends), [n, 3, INSWAPPER_SIZE, INSWAPPER_SIZE], ends);
  return graph;
}

import type { OnnxAttribute } from '../../../src/onnx/graph/onnx-encode.ts';
import { OnnxGraph, type FloatType } from '../../../src/onnx/graph/onnx-graph.ts';
import { RandomWeights } from './weights.ts';

/** Side of its crops, pixels. */
export const INSWAPPER_SIZE = 128;
/** Channels of the style blocks; the other layers have a half to an eighth of them. */
const WIDE = 1024;
const EMBEDDING = 512;
const EPSILON = 1e-6;
/** Slope of LeakyReLU below 0. */
const SLOPE = { alpha: { float: 0.2 } };

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

interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly side: number;
  readonly pad: number;
  readonly stride?: number;
}

/** The layers it is made of. */
class Layers {
  readonly weights: RandomWeights;
  readonly #graph: OnnxGraph;
  readonly #wide: number;
  readonly #published: boolean;

  constructor(
    graph: OnnxGraph,
    options: {
      readonly type: FloatType;
      readonly seed: number;
      readonly wide: number;
      readonly published: boolean;
    },
  ) {
    this.#graph = graph;
    this.#wide = options.wide;
    this.#published = options.published;
    this.weights = new RandomWeights(graph, options);
  }

  /** Weights as He et al. (2015): the deviation of what comes out is about that of what goes in. */
  convolution(x: string, { from, to, side, pad, stride = 1 }: Convolution): string {
    const weights = this.weights.normal([to, from, side, side], Math.sqrt(2 / (from * side * side)));
    const attributes: Record<string, OnnxAttribute> = {
      kernel_shape: [side, side],
      pads: [pad, pad, pad, pad],
      strides: [stride, stride],
    };
    return this.#graph.node('Conv', [x, weights, this.weights.normal([to], 0.05)], attributes);
  }

  leaky(x: string): string {
    return this.#graph.node('LeakyRelu', [x], SLOPE);
  }

  /** Padded by its own mirror image. */
  mirrored(x: string, by: number): string {
    const pads = this.#graph.integers([0, 0, by, by, 0, 0, by, by]);
    return this.#graph.node('Pad', [x, pads], { mode: 'reflect' });
  }

  /** Twice as wide and high, bilinear. */
  doubled(x: string): string {
    const scales = this.#graph.floats([4], [1, 1, 2, 2]);
    const attributes = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
    return this.#graph.node('Resize', [x, '', scales], attributes);
  }

  styleBlock(x: string, source: string): string {
    const first = this.#graph.node('Relu', [this.#styled(x, source, 1)]);
    // The second half adds little to what goes by, so that six blocks in a row do not grow.
    return this.#graph.node('Add', [x, this.#styled(first, source, 0.3)]);
  }

  /** A convolution, its channels brought to mean and deviation that the source asks for (AdaIN, Huang and Belongie 2017). */
  #styled(x: string, source: string, gain: number): string {
    const [graph, wide] = [this.#graph, this.#wide];
    const even = this.#even(this.convolution(this.mirrored(x, 1), { from: wide, to: wide, side: 3, pad: 0 }));
    const bias = [...Array<number>(wide).fill(gain), ...Array<number>(wide).fill(0)];
    const style = graph.node('Gemm', [
      source,
      this.weights.normal([EMBEDDING, 2 * wide], 0.3),
      this.weights.values([2 * wide], bias),
    ]);
    const columns = graph.node('Unsqueeze', [style, graph.integers([2, 3])]);
    const [scale, shift] = this.#published ? this.#slices(columns) : graph.halves(columns, 1);
    return graph.node('Add', [graph.node('Mul', [even, scale]), shift]);
  }

  /** Each channel less its mean and over its deviation. */
  #even(x: string): string {
    const [graph, wide] = [this.#graph, this.#wide];
    if (!this.#published) {
      const [ones, zeros] = [1, 0].map((value) => this.weights.values([wide], Array<number>(wide).fill(value)));
      return graph.node('InstanceNormalization', [x, ones!, zeros!], { epsilon: { float: EPSILON } });
    }
    const mean = (value: string): string => graph.node('ReduceMean', [value], { axes: [2, 3], keepdims: 1 });
    const centred = graph.node('Sub', [x, mean(x)]);
    const variance = mean(graph.node('Mul', [centred, centred]));
    const root = graph.node('Sqrt', [graph.node('Add', [variance, this.weights.values([], [EPSILON])])]);
    return graph.node('Mul', [centred, graph.node('Div', [this.weights.values([], [1]), root])]);
  }

  #slices(x: string): readonly [string, string] {
    const [graph, wide] = [this.#graph, this.#wide];
    const slice = (from: number, to: number): string =>
      graph.node('Slice', [x, graph.integers([from]), graph.integers([to]), graph.integers([1])]);
    return [slice(0, wide), slice(wide, 2 * wide)];
  }
}

import type { OnnxAttribute } from '../../../src/onnx/graph/onnx-encode.ts';
import type { FloatType, OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';
import { RandomWeights } from './weights.ts';

/** Numbers of the embedding that styles are made of. */
export const EMBEDDING = 512;
const EPSILON = 1e-6;
/** Slope of LeakyReLU below 0. */
const SLOPE = { alpha: { float: 0.2 } };

/** A convolution layer of square kernels. */
export interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly side: number;
  readonly pad: number;
  readonly stride?: number;
}

/** The layers that swap networks are made of. */
export class Layers {
  readonly weights: RandomWeights;
  readonly #graph: OnnxGraph;
  readonly #wide: number;
  readonly #published: boolean;

  constructor(
    graph: OnnxGraph,
    options: {
      readonly type: FloatType;
      readonly seed: number;
      /** Channels of the style blocks. */
      readonly wide: number;
      /** Instance norms spelt out, and the two halves of a style cut out by slices, as published files have them. */
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

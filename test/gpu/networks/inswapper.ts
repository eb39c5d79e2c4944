import { OnnxGraph, type FloatType, type OnnxAttribute } from '../../../src/onnx/graph/onnx-graph.ts';
import { RandomWeights } from './weights.ts';

/** Side of its crops, pixels. */
export const INSWAPPER_SIZE = 128;
/** Channels of the style blocks; the other layers have a half to an eighth of them. */
const WIDE = 1024;
const EMBEDDING = 512;
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
}): OnnxGraph {
  const graph = new OnnxGraph();
  const wide = WIDE / (options.narrow ?? 1);
  const [half, quarter, eighth] = [wide / 2, wide / 4, wide / 8];
  const layers = new Layers(graph, { type: options.type, seed: options.seed ?? 1, wide });
  const target = graph.input('target', ['n', 3, INSWAPPER_SIZE, INSWAPPER_SIZE], options.type);
  const source = graph.input('source', ['n', EMBEDDING], options.type);

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
  graph.output('output', x, ['n', 3, INSWAPPER_SIZE, INSWAPPER_SIZE], options.type);
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

  constructor(graph: OnnxGraph, options: { readonly type: FloatType; readonly seed: number; readonly wide: number }) {
    this.#graph = graph;
    this.#wide = options.wide;
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
    const even = graph.node(
      'InstanceNormalization',
      [
        this.convolution(this.mirrored(x, 1), { from: wide, to: wide, side: 3, pad: 0 }),
        this.weights.values([wide], Array<number>(wide).fill(1)),
        this.weights.values([wide], Array<number>(wide).fill(0)),
      ],
      { epsilon: { float: 1e-6 } },
    );
    const bias = [...Array<number>(wide).fill(gain), ...Array<number>(wide).fill(0)];
    const style = graph.node('Gemm', [
      source,
      this.weights.normal([EMBEDDING, 2 * wide], 0.3),
      this.weights.values([2 * wide], bias),
    ]);
    const [scale, shift] = graph.halves(graph.node('Unsqueeze', [style, graph.integers([2, 3])]), 1);
    return graph.node('Add', [graph.node('Mul', [even, scale]), shift]);
  }
}

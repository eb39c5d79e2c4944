import { OnnxGraph, type FloatType } from '../../../src/onnx/graph/onnx-graph.ts';
import { RandomWeights } from './weights.ts';

export interface TinyOptions {
  readonly type?: FloatType;
  /** Side of its crops, pixels. */
  readonly size?: number;
  /** What it takes of the source: an embedding of 512 numbers, or a picture of this side. */
  readonly source?: 'embedding' | { readonly image: number };
  /** Extent of the batch; left out: free. */
  readonly batch?: number;
}

/**
 * A network with a swap network's inputs and output that takes a processor a moment: half the target, and over it a tint that the
 * source asks for. What it gives is known: 0.5 × target + 0.5 × tint, where the tint of a picture is its mean colour.
 */
export function tinyNetwork({
  type = 'float32',
  size = 128,
  source = 'embedding',
  batch,
}: TinyOptions = {}): OnnxGraph {
  const graph = new OnnxGraph();
  const n = batch ?? 'n';
  const weights = new RandomWeights(graph, { type, seed: 7 });
  const target = graph.input('target', [n, 3, size, size], type);
  const face = source === 'embedding' ? [n, 512] : [n, 3, source.image, source.image];
  const asked = graph.input('source', face, type);

  const tint =
    source === 'embedding'
      ? graph.node('Unsqueeze', [
          graph.node('Sigmoid', [graph.node('Gemm', [asked, weights.normal([512, 3], 4)])]),
          graph.integers([2, 3]),
        ])
      : graph.node('ReduceMean', [asked], { axes: [2, 3], keepdims: 1 });
  // A convolution that halves: 3 × 3, of which only the middle of its own channel counts.
  const kernel = Array.from({ length: 81 }, (_, k) => (k % 9 === 4 && Math.floor(k / 9) % 4 === 0 ? 0.5 : 0));
  const halved = graph.node('Conv', [target, weights.values([3, 3, 3, 3], kernel)], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
  });
  const mixed = graph.node('Add', [halved, graph.node('Mul', [tint, weights.values([1], [0.5])])]);
  graph.output('output', mixed, [n, 3, size, size], type);
  return graph;
}

/**
 * The nearest to a face swap that needs no training: the source, a photo aligned as the target is, laid over it. What it gives is
 * 0.1 × target + 0.9 × source.
 */
export function photoNetwork({ size = 128 } = {}): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = ['n', 3, size, size];
  const share = (name: string, part: number): string =>
    graph.node('Mul', [graph.input(name, shape), graph.floats([1], [part])]);
  graph.output('output', graph.node('Add', [share('target', 0.1), share('source', 0.9)]), shape);
  return graph;
}

/** A network whose output is known to the last bit: the target as it came, or one grey. Of the source it takes nothing. */
export function knownNetwork(gives: 'target' | { readonly grey: number }, { size = 128 } = {}): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = ['n', 3, size, size];
  const nothing = (input: string): string => graph.node('Mul', [input, graph.floats([1], [0])]);
  const target = graph.input('target', shape);
  const mean = graph.node('ReduceMean', [graph.input('source', ['n', 512])], { axes: [1], keepdims: 1 });
  const none = graph.node('Unsqueeze', [nothing(mean), graph.integers([2, 3])]);
  const given = gives === 'target' ? target : graph.node('Add', [nothing(target), graph.floats([1], [gives.grey])]);
  graph.output('output', graph.node('Add', [given, none]), shape);
  return graph;
}

/**
 * A network with hyperswap's second output: the target as it came, and a mask that lets the upper part be seen. Of the source it takes
 * nothing.
 */
export function maskingNetwork({ size = 128 } = {}): OnnxGraph {
  const graph = new OnnxGraph();
  const target = graph.input('target', [1, 3, size, size]);
  const source = graph.input('source', [1, 512]);
  const none = graph.node('Mul', [
    graph.node('ReduceMean', [source], { axes: [1], keepdims: 1 }),
    graph.floats([1], [0]),
  ]);
  graph.output('output', graph.node('Add', [target, graph.node('Unsqueeze', [none, graph.integers([2, 3])])]), [
    1,
    3,
    size,
    size,
  ]);
  graph.output('mask', ownMask(graph, target, size), [1, 1, size, size]);
  return graph;
}

/** Share of the crop, from its top, that the mask of such a network lets be seen. */
export const OWN_MASK = 0.75;

/** [1, 1, size, size]: 1 in the upper part, 0 below. It depends on the target in form only. */
export function ownMask(graph: OnnxGraph, target: string, size: number): string {
  const rows = Float32Array.from({ length: size }, (_, y) => (y < OWN_MASK * size ? 1 : 0));
  const none = graph.node('Mul', [
    graph.node('ReduceMean', [target], { axes: [1], keepdims: 1 }),
    graph.floats([1], [0]),
  ]);
  return graph.node('Add', [none, graph.floats([1, 1, size, 1], rows)]);
}

/** A network that makes no picture of what is black anywhere: 0 ÷ 0 is no number. Of all else it makes white. */
export function brokenNetwork(): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = ['n', 3, 128, 128];
  const target = graph.input('target', shape);
  const mean = graph.node('ReduceMean', [graph.input('source', ['n', 512])], { axes: [1], keepdims: 1 });
  const none = graph.node('Unsqueeze', [graph.node('Mul', [mean, graph.floats([1], [0])]), graph.integers([2, 3])]);
  graph.output('output', graph.node('Add', [graph.node('Div', [target, target]), none]), shape);
  return graph;
}

/** A network for one face that takes its faces together: of several it would make each brighter by their mean. */
export function mixingNetwork(): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = [1, 3, 128, 128];
  const target = graph.input('target', shape);
  const mean = graph.node('ReduceMean', [target], { axes: [0], keepdims: 1 });
  const none = graph.node('Mul', [graph.node('ReduceMean', [graph.input('source', [1, 512])]), graph.floats([1], [0])]);
  const mixed = graph.node('Add', [
    graph.node('Mul', [target, graph.floats([1], [0.5])]),
    graph.node('Mul', [mean, graph.floats([1], [0.25])]),
  ]);
  graph.output('output', graph.node('Add', [mixed, none]), shape);
  return graph;
}

/** A recogniser's shape: `input` [1, 3, 112, 112], −1..1, RGB, to `embedding` [1, 512]. */
export function tinyEmbedder(): OnnxGraph {
  const graph = new OnnxGraph();
  const weights = new RandomWeights(graph, { type: 'float32', seed: 11 });
  const input = graph.input('input', [1, 3, 112, 112]);
  const cells = graph.node('Conv', [input, weights.normal([8, 3, 16, 16], 0.05)], {
    kernel_shape: [16, 16],
    strides: [16, 16],
  });
  const flat = graph.node('Flatten', [graph.node('Relu', [cells])], { axis: 1 });
  graph.output('embedding', graph.node('Gemm', [flat, weights.normal([8 * 49, 512], 0.05)]), [1, 512]);
  return graph;
}

/** Tiny networks with the ends of those that a recipe has beside its swap; what each gives is known. */
import { OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';

/** Share of the crop, from its left, that `tiny-occlusion` says lies behind something. */
export const OCCLUDED = 0.25;
/** Share of the crop, from its top, that `tiny-regions` says is hair. */
export const HAIR = 0.25;
/** How much `tiny-brighter` adds, of −1..1, for a weight of 1. */
export const BRIGHTER = 1;

const SIDE = 256;
const LARGE = 512;

/** Nothing of an input, so that a graph depends on it in form: [n, …] with one channel. */
function nothingOf(graph: OnnxGraph, input: string, channels: number): string {
  return graph.node('Mul', [
    graph.node('ReduceMean', [input], { axes: [channels], keepdims: 1 }),
    graph.floats([1], [0]),
  ]);
}

/** xseg's ends: `input` [n, 256, 256, 3], BGR, 0..1, to [n, 256, 256, 1]: 0 in the left quarter, 1 elsewhere. */
export function occlusionNetwork(size = SIDE, batch: number | string = 'n'): OnnxGraph {
  const graph = new OnnxGraph();
  const input = graph.input('input', [batch, size, size, 3]);
  const columns = Float32Array.from({ length: size }, (_, x) => (x < OCCLUDED * size ? 0 : 1));
  const sum = graph.node('Add', [nothingOf(graph, input, 3), graph.floats([1, 1, size, 1], columns)]);
  graph.output('output', sum, [batch, size, size, 1]);
  return graph;
}

/** The same ends: what is bluer than red lies in front of the face. */
export function blueNetwork(): OnnxGraph {
  const graph = new OnnxGraph();
  const input = graph.input('input', ['n', SIDE, SIDE, 3]);
  // Red less blue, from −1 to 1, made steep and cut to 0..1 around a little less than 0.
  const weights = graph.floats([3, 1], [-20, 0, 20]);
  const steep = graph.node('Add', [graph.node('MatMul', [input, weights]), graph.floats([1], [2])]);
  const cut = graph.node('Clip', [steep, graph.floats([], [0]), graph.floats([], [1])]);
  graph.output('output', cut, ['n', SIDE, SIDE, 1]);
  return graph;
}

/** The same ends: what it gives is no number. */
export function undefinedNetwork(): OnnxGraph {
  const graph = new OnnxGraph();
  const nothing = nothingOf(graph, graph.input('input', ['n', SIDE, SIDE, 3]), 3);
  graph.output('output', graph.node('Div', [nothing, graph.floats([1], [0])]), ['n', SIDE, SIDE, 1]);
  return graph;
}

/**
 * bisenet's ends: `input` [n, 3, 512, 512], RGB by ImageNet's means, to scores of 19 classes: hair (17) in the upper quarter, skin (1)
 * elsewhere. It has a second output, as published files have, that nobody reads.
 */
export function regionNetwork(size = LARGE): OnnxGraph {
  const graph = new OnnxGraph();
  const input = graph.input('input', ['n', 3, size, size]);
  const of = (value: (index: number) => number): string =>
    graph.floats(
      [1, 19, 1, 1],
      Float32Array.from({ length: 19 }, (_, index) => value(index)),
    );
  const rows = Float32Array.from({ length: size }, (_, y) => (y + 0.5) / size);
  // Hair falls with the row from above skin to below it; all others stay far below.
  const falling = graph.node('Mul', [of((index) => (index === 17 ? -1 : 0)), graph.floats([1, 1, size, 1], rows)]);
  const start = of((index) => (index === 17 ? HAIR : index === 1 ? 0 : -9));
  const scores = graph.node('Add', [graph.node('Add', [falling, start]), nothingOf(graph, input, 1)]);
  graph.output('scores', scores, ['n', 19, size, size]);
  graph.output('aside', graph.node('ReduceMean', [input], { axes: [1], keepdims: 1 }), ['n', 1, size, size]);
  return graph;
}

/** gfpgan's ends: `input` [n, 3, 512, 512], −1..1, to the same: every colour turned into its opposite. */
export function negativeNetwork(size = LARGE, batch: number | string = 'n'): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = [batch, 3, size, size];
  graph.output('output', graph.node('Neg', [graph.input('input', shape)]), shape);
  return graph;
}

/** The same ends: white, but of a picture with black in it nothing but what is no number. */
export function darkBrokenNetwork(): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = ['n', 3, LARGE, LARGE];
  const raised = graph.node('Add', [graph.input('input', shape), graph.floats([1], [0.95])]);
  // The logarithm of less than 0 is no number; what is one is cut to white.
  const logarithm = graph.node('Log', [raised]);
  const white = graph.node('Add', [graph.node('Mul', [logarithm, graph.floats([1], [0])]), graph.floats([1], [1])]);
  graph.output('output', white, shape);
  return graph;
}

/** gpen's ends, as gfpgan's: red and blue change places. */
export function exchangedNetwork(size: number): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = ['n', 3, size, size];
  const exchanged = graph.node('Gather', [graph.input('input', shape), graph.integers([2, 1, 0])], { axis: 1 });
  graph.output('output', exchanged, shape);
  return graph;
}

/** codeformer's ends: the same with `weight`, one float64, which is added. */
export function brighterNetwork(): OnnxGraph {
  const graph = new OnnxGraph();
  const shape = ['n', 3, LARGE, LARGE];
  const input = graph.input('input', shape);
  const weight = graph.node('Cast', [graph.input('weight', [1], 'float64')], { to: 1 });
  const added = graph.node('Mul', [weight, graph.floats([1], [BRIGHTER])]);
  graph.output('output', graph.node('Add', [input, added]), shape);
  return graph;
}

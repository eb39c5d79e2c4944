import { expect, test } from 'vitest';
import { farthest, modelOf, operatorsOf, randomFloats, runModel } from '../../../../test/support/run-model.ts';
import { OnnxGraph } from '../../graph/onnx-graph.ts';
import { EditableGraph } from '../editable-graph.ts';
import { fuseInstanceNorms } from './instance-norm.ts';

const SHAPE = [2, 3, 9, 7];
/** What exporters make of the means, the square and the root. */
type Way = Readonly<Record<'mean' | 'square' | 'divide', string>>;

function spelt({ mean: way, square, divide }: Way): OnnxGraph {
  const graph = new OnnxGraph();
  const x = graph.input('x', SHAPE);
  const mean = (value: string): string =>
    way === 'pool'
      ? graph.node('GlobalAveragePool', [value])
      : graph.node('ReduceMean', [value], { axes: way === 'negative' ? [-1, -2] : [2, 3], keepdims: 1 });
  const number = (value: number): string => graph.floats([], [value]);
  const centred = graph.node('Sub', [x, mean(x)]);
  const squared = square === 'mul' ? ['Mul', centred] : ['Pow', number(2)];
  let variance = mean(graph.node(squared[0]!, [centred, squared[1]!]));
  // Of n values torch.var divides by n − 1.
  if (divide === 'unbiased') variance = graph.node('Div', [graph.node('Mul', [variance, number(63)]), number(62)]);
  const sum = graph.node('Add', [variance, number(1e-3)]);
  const root = graph.node('Sqrt', [sum]);
  const inverse: Record<string, () => string> = {
    root: () => graph.node('Div', [centred, root]),
    unbiased: () => graph.node('Div', [centred, root]),
    reciprocal: () => graph.node('Mul', [centred, graph.node('Reciprocal', [root])]),
    one: () => graph.node('Mul', [graph.node('Div', [number(1), root]), centred]),
    power: () => graph.node('Mul', [centred, graph.node('Pow', [sum, number(-0.5)])]),
  };
  graph.output('y', inverse[divide]!(), SHAPE);
  return graph;
}

test.each([
  { mean: 'reduce', square: 'mul', divide: 'one' },
  { mean: 'reduce', square: 'pow', divide: 'root' },
  { mean: 'negative', square: 'mul', divide: 'reciprocal' },
  { mean: 'pool', square: 'pow', divide: 'power' },
  { mean: 'reduce', square: 'mul', divide: 'unbiased' },
])('an instance norm spelt out by $mean, $square and $divide becomes one node and gives the same', async (way) => {
  const feeds = { x: randomFloats(SHAPE, 1) };
  const [expected] = await runModel(modelOf(spelt(way)), feeds);

  const model = modelOf(spelt(way));
  const graph = new EditableGraph(model);
  const fused = fuseInstanceNorms(graph);
  graph.tidy();
  const [given] = await runModel(model, feeds);

  expect(fused).toBe(1);
  expect(operatorsOf(model)).toEqual({ InstanceNormalization: 1, Identity: 1 });
  expect(farthest(given!, expected!)).toBeLessThan(1e-5);
});

test('what only looks like an instance norm is left alone', () => {
  const graph = new OnnxGraph();
  const x = graph.input('x', SHAPE);
  const mean = graph.node('ReduceMean', [x], { axes: [1], keepdims: 1 });
  const centred = graph.node('Sub', [x, mean]);
  const variance = graph.node('ReduceMean', [graph.node('Mul', [centred, centred])], { axes: [1], keepdims: 1 });
  const root = graph.node('Sqrt', [graph.node('Add', [variance, graph.floats([], [1e-3])])]);
  graph.output('y', graph.node('Div', [centred, root]), SHAPE);

  expect(fuseInstanceNorms(new EditableGraph(modelOf(graph)))).toBe(0);
});

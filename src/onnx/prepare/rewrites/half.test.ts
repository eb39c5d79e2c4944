import { expect, test } from 'vitest';
import { inswapperNetwork } from '../../../../test/gpu/networks/inswapper.ts';
import { embeddingSource } from '../../../../test/support/swap-recipes.ts';
import { farthest, modelOf, operatorsOf, randomFloats, runModel } from '../../../../test/support/run-model.ts';
import { Tensor } from 'onnxruntime-node';
import { OnnxGraph } from '../../graph/onnx-graph.ts';
import { EditableGraph } from '../editable-graph.ts';
import { useHalves } from './half.ts';

test('a network in half precision is half as large, takes and gives the same as before, and nearly the same faces', async () => {
  const network = (): ReturnType<typeof modelOf> =>
    modelOf(inswapperNetwork({ type: 'float32', published: true, narrow: 64 }));
  const target = randomFloats([1, 3, 128, 128], 1);
  (target.data as Float32Array).forEach((value, k, all) => (all[k] = 0.5 + 0.1 * value));
  const source = new Tensor('float32', new Float32Array(embeddingSource(2).bytes.buffer as ArrayBuffer), [1, 512]);
  const [expected] = await runModel(network(), { target, source });

  const model = network();
  const before = weightsOf(model);
  const graph = new EditableGraph(model);
  const narrowed = useHalves(graph);
  graph.tidy();
  const [given] = await runModel(model, { target, source });

  expect(narrowed).toBeGreaterThan(40);
  expect(weightsOf(model) / before).toBeCloseTo(0.5, 1);
  expect([...model.inputs, ...model.outputs].every(({ type }) => type === 'float32')).toBe(true);
  expect(farthest(given!, expected!)).toBeLessThan(8 / 255);
});

test('sums stay in single precision, and what is not 0 does not become 0', async () => {
  const graph = new OnnxGraph();
  const large = graph.node('Mul', [graph.input('x', ['n', 4]), graph.floats([1], [1000])]);
  const sum = graph.node('ReduceMean', [graph.node('Pow', [large, graph.floats([], [2])])], { axes: [1], keepdims: 1 });
  const one = graph.node('Div', [sum, graph.node('Add', [sum, graph.floats([1], [1e-12])])]);
  graph.output(
    'y',
    graph.node('Mul', [one, graph.node('Div', [graph.floats([1], [1e-9]), graph.floats([1], [1e-9])])]),
    ['n', 1],
  );
  const model = modelOf(graph);
  const editable = new EditableGraph(model);
  useHalves(editable);
  editable.tidy();

  const [given] = await runModel(model, { x: randomFloats([2, 4], 1) });

  expect(operatorsOf(model)['Cast']).toBeGreaterThan(2);
  expect(given!.length).toBe(2);
  expect([...given!].some(Number.isNaN)).toBe(false);
});

function weightsOf({ constants }: ReturnType<typeof modelOf>): number {
  return [...constants.values()].reduce((sum, { raw }) => sum + raw.length, 0);
}

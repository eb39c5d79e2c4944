import { expect, test } from 'vitest';
import { farthest, modelOf, randomFloats, runModel } from '../../../../test/support/run-model.ts';
import { OnnxGraph } from '../../graph/onnx-graph.ts';
import { EditableGraph } from '../editable-graph.ts';
import { freeBatch } from './free-batch.ts';

/** For one item: its sizes and shapes say so. */
function single(): OnnxGraph {
  const graph = new OnnxGraph();
  const x = graph.input('x', [1, 2, 4, 4]);
  const large = graph.node('Resize', [x, '', '', graph.integers([1, 2, 8, 8])], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
  const flat = graph.node('Reshape', [large, graph.integers([1, 128])]);
  const folded = graph.node('Reshape', [flat, graph.integers([1, -1, 8])]);
  graph.output('y', folded, [1, 16, 8]);
  return graph;
}

test('a graph for one item takes a batch, and gives of each item what it gave', async () => {
  const batch = randomFloats([3, 2, 4, 4], 1);
  const items = [0, 1, 2].map((k) => randomFloats([1, 2, 4, 4], 0).data.length * k);
  const expected: number[] = [];
  for (const at of items) {
    const x = randomFloats([1, 2, 4, 4], 1);
    (x.data as Float32Array).set((batch.data as Float32Array).subarray(at, at + 32));
    expected.push(...(await runModel(modelOf(single()), { x }))[0]!);
  }

  const model = modelOf(single());
  const changed = freeBatch(new EditableGraph(model));
  const [given] = await runModel(model, { x: batch });

  expect(changed).toBe(3);
  expect(model.inputs[0]!.shape).toEqual(['n', 2, 4, 4]);
  expect(farthest(given!, expected)).toBeLessThan(1e-6);
});

test('a graph whose batch is free is left as it is', () => {
  const graph = new OnnxGraph();
  graph.output('y', graph.node('Relu', [graph.input('x', ['n', 2])]), ['n', 2]);

  expect(freeBatch(new EditableGraph(modelOf(graph)))).toBeUndefined();
});

import { Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { Random } from '../../../../test/media/random.ts';
import { farthest, halved, modelOf, operatorsOf, runModel } from '../../../../test/support/run-model.ts';
import { noiseCrop } from '../../../../test/support/swap-recipes.ts';
import { OnnxGraph, type FloatType } from '../../graph/onnx-graph.ts';
import { EditableGraph } from '../editable-graph.ts';
import { useBytes, type ByteEnds } from './byte-ends.ts';

const SIZE = 12;
const SHAPE = [1, 3, SIZE, SIZE];
const SIGNED = [0, 1, 2].map(() => [0.5, 0.5] as const);
const ends: ByteEnds = {
  inputs: { target: { size: SIZE, range: SIGNED } },
  output: { size: SIZE, gain: 127.5, offset: 127.5 },
  mask: false,
};

/** A convolution and a tanh, over a padding. */
function network(type: FloatType, mode: 'reflect' | 'constant'): OnnxGraph {
  const graph = new OnnxGraph();
  const random = new Random(3);
  const weights = Float32Array.from({ length: 81 }, () => random.normal() * 0.2);
  const target = graph.input('target', SHAPE, type);
  const pads = graph.integers([0, 0, 1, 1, 0, 0, 1, 1]);
  const padded = graph.node('Pad', [target, pads], { mode });
  let kernel = graph.floats([3, 3, 3, 3], weights);
  if (type === 'float16') kernel = graph.node('Cast', [kernel], { to: 10 });
  graph.output('y', graph.node('Tanh', [graph.node('Conv', [padded, kernel])]), SHAPE, type);
  return graph;
}

function planes(crop: Uint8Array): Tensor {
  const area = SIZE * SIZE;
  const value = (k: number): number => crop[(k % area) * 3 + Math.floor(k / area)]! / 127.5 - 1;
  return new Tensor(
    'float32',
    Float32Array.from({ length: 3 * area }, (_, k) => value(k)),
    SHAPE,
  );
}

test.each([
  { type: 'float32', mode: 'reflect', folded: true, operators: 17 },
  { type: 'float32', mode: 'constant', folded: false, operators: 11 },
  { type: 'float16', mode: 'reflect', folded: false, operators: 18 },
] as const)('bytes go in and come out, $type, padded by $mode, operators of version $operators', async (options) => {
  const { type, mode, folded, operators } = options;
  const crop = noiseCrop(1, SIZE);
  const target = type === 'float16' ? halved(planes(crop)) : planes(crop);
  const [plain] = await runModel(modelOf(network(type, mode)), { target });
  const area = SIZE * SIZE;
  const expected = Array.from(crop, (_, k) => Math.round(127.5 * plain![(k % 3) * area + Math.floor(k / 3)]! + 127.5));

  const model = { ...modelOf(network(type, mode)), operatorSets: new Map([['', operators]]) };
  const graph = new EditableGraph(model);
  const done = useBytes(graph, ends);
  graph.tidy();
  const [picture, mean] = await runModel(model, { target: new Tensor('uint8', crop, [1, SIZE, SIZE, 3]) });

  expect(done).toBe(true);
  // What is left is that of the output.
  expect(operatorsOf(model)['Mul']).toBe(folded ? 1 : 2);
  expect(farthest(picture!, expected)).toBeLessThanOrEqual(1);
  expect(mean![0]).toBeCloseTo(plain!.reduce((sum, value) => sum + value, 0) / plain!.length, 2);
});

test('a face with anything in it that is no number has a mean that is none', async () => {
  const graph = new OnnxGraph();
  const target = graph.input('target', ['n', 3, SIZE, SIZE]);
  graph.output('y', graph.node('Log', [target]), ['n', 3, SIZE, SIZE]);
  const model = modelOf(graph);
  const editable = new EditableGraph(model);
  useBytes(editable, { ...ends, inputs: { target: { size: SIZE, range: SIGNED } } });
  editable.tidy();
  const crops = new Uint8Array(2 * 3 * SIZE * SIZE).fill(200);
  crops[5] = 10; // the logarithm of less than 0

  const [, mean] = await runModel(model, { target: new Tensor('uint8', crops, [2, SIZE, SIZE, 3]) });

  expect([...mean!].map(Number.isFinite)).toEqual([false, true]);
});

test('scale and shift at the end of the graph go into those of the bytes', async () => {
  const graph = new OnnxGraph();
  const target = graph.input('target', SHAPE);
  const scaled = graph.node('Div', [graph.node('Add', [target, graph.floats([1], [1])]), graph.floats([], [2])]);
  graph.output('y', graph.node('Sub', [scaled, graph.floats([], [0.25])]), SHAPE);
  const model = modelOf(graph);
  const editable = new EditableGraph(model);
  useBytes(editable, { ...ends, output: { size: SIZE, gain: 255, offset: 0 } });
  editable.tidy();
  const crop = noiseCrop(2, SIZE);

  const [picture] = await runModel(model, { target: new Tensor('uint8', crop, [1, SIZE, SIZE, 3]) });

  expect(operatorsOf(model)['Div']).toBeUndefined();
  expect(
    farthest(
      picture!,
      Array.from(crop, (value) => Math.max(0, value - 63.75)),
    ),
  ).toBeLessThanOrEqual(0.75);
});

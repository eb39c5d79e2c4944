import { describe, expect, test } from 'vitest';
import { farthest, modelOf, operatorsOf, randomFloats, runModel } from '../../../../../test/support/run-model.ts';
import { Random } from '../../../../../test/media/random.ts';
import { OnnxGraph } from '../../../graph/onnx-graph.ts';
import type { OnnxModel } from '../../../graph/onnx-model.ts';
import { EditableGraph } from '../../editable-graph.ts';
import { fuseAdaptiveNorms } from './adaptive-norm.ts';
import { mergeStyles } from './merge-styles.ts';

const SOURCE = 6;
const CHANNELS = 4;
const SHAPE = ['n', CHANNELS, 5, 3];

/** Two layers whose norms are scaled and shifted as the source asks. */
function styled(options: {
  readonly turned: boolean;
  readonly cut: 'halves' | 'slices';
  readonly operators: number;
}): OnnxModel {
  const graph = new OnnxGraph();
  const random = new Random(5);
  const numbers = (...extents: number[]): string =>
    graph.floats(
      extents,
      Array.from({ length: extents.reduce((product, extent) => product * extent, 1) }, () => random.normal()),
    );
  const source = graph.input('source', ['n', SOURCE]);
  const layer = (x: string): string => {
    const [ones, zeros] = [1, 0].map((value) => graph.floats([CHANNELS], Array<number>(CHANNELS).fill(value)));
    const even = graph.node('InstanceNormalization', [x, ones!, zeros!], { epsilon: { float: 1e-3 } });
    const weights = options.turned ? numbers(2 * CHANNELS, SOURCE) : numbers(SOURCE, 2 * CHANNELS);
    const style = graph.node('Gemm', [source, weights, numbers(2 * CHANNELS)], { transB: options.turned ? 1 : 0 });
    const columns =
      options.operators < 13
        ? graph.node('Unsqueeze', [style], { axes: [2, 3] })
        : graph.node('Unsqueeze', [style, graph.integers([2, 3])]);
    const slice = (from: number): string =>
      graph.node('Slice', [columns, graph.integers([from]), graph.integers([from + CHANNELS]), graph.integers([1])]);
    const [scale, shift] = options.cut === 'halves' ? graph.halves(columns, 1) : [slice(0), slice(CHANNELS)];
    return graph.node('Relu', [graph.node('Add', [shift, graph.node('Mul', [scale, even])])]);
  };
  graph.output('y', layer(layer(graph.input('x', SHAPE))), SHAPE);
  return { ...modelOf(graph), operatorSets: new Map([['', options.operators]]) };
}

const feeds = { x: randomFloats([3, CHANNELS, 5, 3], 1), source: randomFloats([3, SOURCE], 2) };

describe.each([
  { turned: false, cut: 'halves', operators: 17 },
  { turned: true, cut: 'slices', operators: 17 },
  { turned: true, cut: 'halves', operators: 11 },
] as const)(
  'layers styled by the source, $cut, weights turned: $turned, operators of version $operators,',
  (options) => {
    test('scale and shift in their norms and give the same in a batch', async () => {
      const [expected] = await runModel(styled(options), feeds);

      const model = styled(options);
      const graph = new EditableGraph(model);
      const fused = fuseAdaptiveNorms(graph);
      graph.tidy();
      const [given] = await runModel(model, feeds);

      expect(fused).toBe(2);
      expect(operatorsOf(model)).toMatchObject({ InstanceNormalization: 2 });
      expect(operatorsOf(model)['Mul']).toBeUndefined();
      expect(farthest(given!, expected!)).toBeLessThan(1e-5);
    });

    test('share one product of the source and give the same', async () => {
      const [expected] = await runModel(styled(options), feeds);

      const model = styled(options);
      const graph = new EditableGraph(model);
      const merged = mergeStyles(graph);
      graph.tidy();
      const [given] = await runModel(model, feeds);

      expect(merged).toBe(2);
      expect(operatorsOf(model)).toMatchObject({ Gemm: 1, Split: 1, Unsqueeze: 4 });
      expect(farthest(given!, expected!)).toBeLessThan(1e-5);
    });
  },
);

test('a norm that is scaled by one number for all faces keeps its scale outside', () => {
  const graph = new OnnxGraph();
  const [ones, zeros] = [1, 0].map((value) => graph.floats([CHANNELS], Array<number>(CHANNELS).fill(value)));
  const even = graph.node('InstanceNormalization', [graph.input('x', SHAPE), ones!, zeros!]);
  const scaled = graph.node('Mul', [even, graph.floats([1], [3])]);
  graph.output('y', graph.node('Add', [scaled, graph.floats([1], [2])]), SHAPE);

  expect(fuseAdaptiveNorms(new EditableGraph(modelOf(graph)))).toBe(0);
});

import { floatOf, type OnnxNode } from '../../graph/onnx-model.ts';
import type { EditableGraph } from '../editable-graph.ts';
import { Shapes } from '../shapes.ts';

/**
 * Instance normalisation that is spelt out – (x − mean) ÷ √(mean of squares + ε), means over each channel – becomes one node. Exporters
 * differ in how they square (`Mul`, `Pow`) and divide (`Div` by the root, `Mul` by its reciprocal, by 1 ÷ it, or by a power of −½).
 * @returns how many
 */
export function fuseInstanceNorms(graph: EditableGraph): number {
  const shapes = Shapes.of(graph);
  let fused = 0;
  for (const node of [...graph.nodes]) {
    const found = normOf(graph, node);
    const channels = shapes.get(found?.of)?.[1];
    if (found === undefined || shapes.get(found.of)?.length !== 4 || typeof channels !== 'number') continue;
    const { of, epsilon, gain, type } = found;
    const weights = [gain, 0].map((value) => graph.numbers(type, [channels], Array<number>(channels).fill(value)));
    const attributes = { epsilon: { float: epsilon } };
    const [normed] = graph.add('InstanceNormalization', [of, ...weights], { attributes });
    graph.redirect(node.outputs[0]!, normed);
    fused++;
  }
  return fused;
}

interface Norm {
  /** The value that is normalised. */
  readonly of: string;
  readonly epsilon: number;
  /** What it is multiplied by besides, where the variance was scaled. */
  readonly gain: number;
  readonly type: 'float32' | 'float16';
}

function normOf(graph: EditableGraph, node: OnnxNode): Norm | undefined {
  const [a, b] = node.inputs as [string, string];
  if (node.operator === 'Div') return normBy(graph, a, rootOf(graph, b));
  if (node.operator !== 'Mul') return undefined;
  return normBy(graph, a, inverseRootOf(graph, b)) ?? normBy(graph, b, inverseRootOf(graph, a));
}

/** @param within what the root was taken of */
function normBy(graph: EditableGraph, centred: string, within: string | undefined): Norm | undefined {
  const of = centredOf(graph, centred);
  const sum = graph.producer(within, 'Add');
  if (of === undefined || sum === undefined) return undefined;
  const at = sum.inputs.findIndex((input) => graph.scalar(input) !== undefined);
  const epsilon = graph.scalar(sum.inputs[at]);
  const type = graph.constant(sum.inputs[at])?.type;
  if (epsilon === undefined || (type !== 'float32' && type !== 'float16')) return undefined;
  const variance = scaledOf(graph, sum.inputs[1 - at]!);
  const square = meanedOf(graph, variance.of);
  if (square === undefined || squaredOf(graph, square, of) === undefined) return undefined;
  // 1 ÷ √(f·v + ε) is 1 ÷ √f ÷ √(v + ε ÷ f).
  return { of, epsilon: epsilon / variance.factor, gain: 1 / Math.sqrt(variance.factor), type };
}

/** The value that this one is, less its mean over each channel. */
function centredOf(graph: EditableGraph, value: string): string | undefined {
  const node = graph.producer(value, 'Sub');
  if (node === undefined) return undefined;
  const [of, mean] = node.inputs as [string, string];
  return meanedOf(graph, mean) === of ? of : undefined;
}

/** The value that this one is the mean of, over each channel. */
function meanedOf(graph: EditableGraph, value: string): string | undefined {
  const node = graph.producer(value);
  if (node?.operator === 'GlobalAveragePool') return node.inputs[0];
  if (node?.operator !== 'ReduceMean') return undefined;
  const axes = new Shapes(graph).axesOf(node)?.map((axis) => (axis < 0 ? axis + 4 : axis));
  return axes !== undefined && String([...axes].sort((a, b) => a - b)) === '2,3' ? node.inputs[0] : undefined;
}

/** Whether a value is the square of another less its mean. */
function squaredOf(graph: EditableGraph, value: string, of: string): string | undefined {
  const node = graph.producer(value);
  const [a, b] = node?.inputs ?? [];
  const squared = node?.operator === 'Mul' ? a === b : node?.operator === 'Pow' && graph.scalar(b) === 2;
  return squared && centredOf(graph, a!) === of ? a : undefined;
}

function rootOf(graph: EditableGraph, value: string): string | undefined {
  const node = graph.producer(value);
  if (node?.operator === 'Sqrt') return node.inputs[0];
  return node?.operator === 'Pow' && graph.scalar(node.inputs[1]) === 0.5 ? node.inputs[0] : undefined;
}

function inverseRootOf(graph: EditableGraph, value: string): string | undefined {
  const node = graph.producer(value);
  const [a, b] = node?.inputs ?? [];
  if (node?.operator === 'Reciprocal') return rootOf(graph, a!);
  if (node?.operator === 'Div' && graph.scalar(a) === 1) return rootOf(graph, b!);
  return node?.operator === 'Pow' && graph.scalar(b) === -0.5 ? a : undefined;
}

/** Takes factors away: `torch.var` multiplies by n and divides by n − 1. */
function scaledOf(graph: EditableGraph, value: string): { readonly of: string; readonly factor: number } {
  let [of, factor] = [value, 1];
  for (;;) {
    const node = graph.producer(of);
    const by = graph.scalar(node?.inputs[1]);
    if (by === undefined || by <= 0 || (node?.operator !== 'Mul' && node?.operator !== 'Div')) return { of, factor };
    factor = node.operator === 'Mul' ? factor * by : factor / by;
    of = node.inputs[0]!;
  }
}

/** The epsilon of a node. */
export function epsilonOf(node: OnnxNode): number {
  return floatOf(node, 'epsilon', 1e-5);
}

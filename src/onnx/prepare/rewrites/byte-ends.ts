import { integerOf, type ModelValue, type OnnxNode } from '../../graph/onnx-model.ts';
import type { EditableGraph } from '../editable-graph.ts';
import { byteOutput as byteValues, indices, isBroken, scalar, widened, type ChannelRange } from './crops/crop-ends.ts';
import { foldIntoConvolution } from './fold-scale.ts';

/** Names of its outputs; no exporter gives such. */
const OUTPUTS = { picture: '#picture', mean: '#mean', mask: '#mask' } as const;

/** First operator set whose `Clip` takes its bounds as inputs, and that has `Round`. */
const OLDEST = 11;

/** What is known of a network's pictures. */
export interface ByteEnds {
  /** Inputs that are pictures, [n, 3, size, size]. */
  readonly inputs: Readonly<Record<string, { readonly size: number; readonly range: ChannelRange }>>;
  /** The first output, [n, 3, size, size]: what it must be multiplied by, and then raised by, for 0..255. */
  readonly output: { readonly size: number; readonly gain: number; readonly offset: number };
  /** Whether the second output, [n, 1, size, size], 0..1, is kept as well: how much of the picture is to be seen at each pixel. */
  readonly mask: boolean;
}

/**
 * Gives a graph bytes at its ends: its pictures become [n, size, size, 3] uint8, RGB, and beside the one that it gives is `mean`, [n]
 * float32, which is no finite number where any of the network's was none: a byte cannot tell.
 * @returns whether the graph could be given them
 */
export function useBytes(graph: EditableGraph, ends: ByteEnds): boolean {
  const { model } = graph;
  const [output] = model.outputs;
  const floats = [...model.inputs, output].every((value) => value?.type === 'float32' || value?.type === 'float16');
  if (graph.operatorSet < OLDEST || output === undefined || !floats) return false;
  const [, mask] = model.outputs;
  for (const [name, end] of Object.entries(ends.inputs)) byteInput(graph, name, end);
  byteOutput(graph, ends.output);
  if (ends.mask && mask !== undefined) model.outputs.push(byteMask(graph, mask, ends.output));
  return true;
}

function byteInput(
  graph: EditableGraph,
  name: string,
  { size, range }: { readonly size: number; readonly range: ChannelRange },
): void {
  const input = graph.model.inputs.find((value) => value.name === name)!;
  const [turned] = graph.add('Transpose', [name], { attributes: { perm: [0, 3, 1, 2] } });
  const turning = graph.producer(turned)!;
  // 32 bits on the way: halves would round each step.
  const [wide] = graph.add('Cast', [turned], { attributes: { to: 1 } });
  const scales = range.map(([, deviation]) => 1 / (255 * deviation));
  const shifts = range.map(([mean, deviation]) => -mean / deviation);
  let value = wide;
  if (input.type !== 'float32' || !foldIntoConvolution(graph, { input: name, scales, shifts })) {
    const channels = (values: readonly number[]): string =>
      values.every((each) => each === values[0])
        ? graph.numbers('float32', [], values.slice(0, 1))
        : graph.numbers('float32', [values.length, 1, 1], values);
    [value] = graph.add('Mul', [value, channels(scales)]);
    if (shifts.some((shift) => shift !== 0)) [value] = graph.add('Add', [value, channels(shifts)]);
    if (input.type === 'float16') [value] = graph.add('Cast', [value], { attributes: { to: 10 } });
  }
  graph.redirect(name, value, [turning]);
  graph.model.inputs = graph.model.inputs.map((each) =>
    each.name === name ? { name, type: 'uint8', shape: [each.shape[0]!, size, size, 3] } : each,
  );
}

function byteOutput(graph: EditableGraph, { size, gain, offset }: ByteEnds['output']): void {
  const [output] = graph.model.outputs;
  const linear = linearEnd(graph, { value: output!.name, gain, offset });
  const number = (value: number): string => graph.numbers('float32', [], [value]);
  const [wide] = graph.add('Cast', [linear.value], { attributes: { to: 1 } });
  let [value] = graph.add('Mul', [wide, number(linear.gain)]);
  if (linear.offset !== 0) [value] = graph.add('Add', [value, number(linear.offset)]);
  const [clipped] = graph.add('Clip', [value, number(0), number(255)]);
  const [bytes] = graph.add('Cast', graph.add('Round', [clipped]), { attributes: { to: 2 } });
  const named = (node: Pick<OnnxNode, 'operator' | 'inputs' | 'attributes'>, name: string): void =>
    graph.insert({ ...node, domain: '', outputs: [name] });
  const [picture] = graph.add('Transpose', [bytes], { attributes: { perm: [0, 2, 3, 1] } });
  named({ operator: 'Identity', inputs: [picture], attributes: new Map() }, OUTPUTS.picture);
  const [mean] = meanOfItems(graph, wide);
  named({ operator: 'Identity', inputs: [mean], attributes: new Map() }, OUTPUTS.mean);
  const batch = output!.shape[0]!;
  graph.model.outputs = [
    { name: OUTPUTS.picture, type: 'uint8', shape: [batch, size, size, 3] },
    { name: OUTPUTS.mean, type: 'float32', shape: [batch] },
  ];
}

/** [n, size, size] uint8; 255 where anything in it is no number: then it says nothing. */
function byteMask(graph: EditableGraph, { name, shape }: ModelValue, { size }: { readonly size: number }): ModelValue {
  const [shares] = graph.add('Reshape', [widened(graph, name), indices(graph, [-1, size, size])]);
  const scaled = graph.add('Mul', [shares, scalar(graph, 255)]);
  const [value] = graph.add('Where', [isBroken(graph, shares, 3), scalar(graph, 255), ...scaled]);
  return byteValues(graph, { name: OUTPUTS.mask, value, shape: [shape[0]!, size, size] });
}

function meanOfItems(graph: EditableGraph, value: string): [string, ...string[]] {
  const axes = [1, 2, 3];
  if (graph.operatorSet < 18) return graph.add('ReduceMean', [value], { attributes: { axes, keepdims: 0 } });
  return graph.add('ReduceMean', [value, graph.numbers('int64', [3], axes)], { attributes: { keepdims: 0 } });
}

/** A value, and what it must be multiplied by and then raised by. */
interface Linear {
  readonly value: string;
  readonly gain: number;
  readonly offset: number;
}

/** Takes into gain and offset what the graph multiplies by and adds at its end, such as the (x + 1) ÷ 2 after a tanh. */
function linearEnd(graph: EditableGraph, end: Linear): Linear {
  let linear = end;
  for (let next = before(graph, linear); next !== undefined; next = before(graph, linear)) linear = next;
  return linear;
}

function before(graph: EditableGraph, { value, gain, offset }: Linear): Linear | undefined {
  const node = graph.producer(value);
  // What others take as well, or is given as it is, stays.
  if (node === undefined || graph.users(value).length > (graph.leaves(value) ? 0 : 1)) return undefined;
  const [a, b] = node.inputs as [string, string?];
  const widened = node.operator === 'Cast' && integerOf(node, 'to', 0) === 1;
  if (node.operator === 'Identity' || widened) return { value: a, gain, offset };
  const at = [a, b].findIndex((input) => graph.scalar(input) !== undefined);
  const number = graph.scalar([a, b][at]);
  if (number === undefined || b === undefined) return undefined;
  const rest = at === 0 ? b : a;
  if (node.operator === 'Mul') return { value: rest, gain: gain * number, offset };
  if (node.operator === 'Add') return { value: rest, gain, offset: offset + gain * number };
  if (node.operator === 'Div' && at === 1) return { value: rest, gain: gain / number, offset };
  if (node.operator === 'Sub' && at === 1) return { value: rest, gain, offset: offset - gain * number };
  return undefined;
}

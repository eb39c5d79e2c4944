import { integerOf, integersOf, textOf, type OnnxNode } from '../../graph/onnx-model.ts';
import type { EditableGraph } from '../editable-graph.ts';

/**
 * Lets the first convolution scale and shift its input, where that gives the same: its weights are float32, and what it pads with comes
 * out of the picture (`reflect`, `edge`) or it is not shifted, since 0 is then still 0.
 * @returns whether it does now
 */
export function foldIntoConvolution(
  graph: EditableGraph,
  {
    input,
    scales,
    shifts,
  }: { readonly input: string; readonly scales: readonly number[]; readonly shifts: readonly number[] },
): boolean {
  const shifted = shifts.some((shift) => shift !== 0);
  const first = userOf(graph, input);
  const padding = first?.operator === 'Pad' ? first : undefined;
  const convolution = padding === undefined ? first : userOf(graph, padding.outputs[0]!);
  if (convolution?.operator !== 'Conv' || integerOf(convolution, 'group', 1) !== 1) return false;
  const ofZeros =
    padsWithZeros(convolution) || (padding !== undefined && textOf(padding, 'mode', 'constant') === 'constant');
  if (shifted && ofZeros) return false;
  return fold(graph, convolution, { scales, shifts });
}

/** The only node that takes an input of the graph, by way of which it is all that the graph sees of it. */
function userOf(graph: EditableGraph, value: string): OnnxNode | undefined {
  const users = graph.users(value).filter(({ operator }) => operator !== 'Transpose');
  return users.length === 1 ? users[0] : undefined;
}

function padsWithZeros(convolution: OnnxNode): boolean {
  return convolution.attributes.has('auto_pad') || (integersOf(convolution, 'pads') ?? []).some((pad) => pad !== 0);
}

function fold(
  graph: EditableGraph,
  convolution: OnnxNode,
  { scales, shifts }: { readonly scales: readonly number[]; readonly shifts: readonly number[] },
): boolean {
  const [taken, matrix, added] = convolution.inputs as [string, string, string?];
  const kernel = graph.constant(matrix);
  const weights = kernel?.type === 'float32' ? graph.floats(matrix) : undefined;
  const given = added ? graph.floats(added) : undefined;
  if (kernel === undefined || weights === undefined || (added && given === undefined)) return false;
  const [to, from] = kernel.extents as [number, number];
  if (from !== scales.length) return false;
  const area = weights.length / to / from;
  const bias = Float64Array.from({ length: to }, (_, k) => given?.[k] ?? 0);
  const scaled = weights.map((weight, k) => {
    const channel = Math.floor(k / area) % from;
    bias[Math.floor(k / area / from)]! += weight * shifts[channel]!;
    return weight * scales[channel]!;
  });
  const inputs = [taken, graph.numbers('float32', kernel.extents, scaled)];
  if (added || bias.some((value) => value !== 0)) inputs.push(graph.numbers('float32', [to], bias));
  graph.reconnect(convolution, inputs);
  return true;
}

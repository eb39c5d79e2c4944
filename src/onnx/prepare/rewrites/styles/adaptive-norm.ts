import type { OnnxNode } from '../../../graph/onnx-model.ts';
import type { EditableGraph } from '../../editable-graph.ts';
import { Shapes, type Shape } from '../../shapes.ts';
import { epsilonOf } from '../instance-norm.ts';

/**
 * An instance norm that is then scaled and shifted by what the source asks for (AdaIN, Huang and Belongie 2017) does both itself: with
 * the batch's channels side by side, [1, n·c, h, w], scale and shift of every face are those of its channels. Saves two passes over
 * the features; and of one item the CUDA provider norms in one pass, of several in two.
 * @returns how many
 */
export function fuseAdaptiveNorms(graph: EditableGraph): number {
  const shapes = Shapes.of(graph);
  let fused = 0;
  for (const norm of [...graph.nodes]) {
    const found = norm.operator === 'InstanceNormalization' ? scaledAndShifted(graph, shapes, norm) : undefined;
    if (found === undefined) continue;
    const { scale, shift, channels, given } = found;
    const reshaped = (value: string, shape: readonly number[]): string =>
      graph.add('Reshape', [value, graph.numbers('int64', [shape.length], shape)])[0];
    const inputs = [reshaped(norm.inputs[0]!, [1, -1, 0, 0]), reshaped(scale, [-1]), reshaped(shift, [-1])];
    const attributes = { epsilon: { float: epsilonOf(norm) } };
    const [normed] = graph.add('InstanceNormalization', inputs, { attributes });
    graph.redirect(given, reshaped(normed, [-1, channels, 0, 0]));
    fused++;
  }
  return fused;
}

function scaledAndShifted(
  graph: EditableGraph,
  shapes: Shapes,
  norm: OnnxNode,
): { readonly scale: string; readonly shift: string; readonly channels: number; readonly given: string } | undefined {
  const shape = shapes.get(norm.inputs[0]);
  const channels = shape?.[1];
  const isPlain = [1, 0].every((value, k) => graph.floats(norm.inputs[1 + k])?.every((weight) => weight === value));
  if (shape?.length !== 4 || typeof channels !== 'number' || !isPlain) return undefined;
  const scaled = graph.onlyUser(norm.outputs[0]!);
  const scale = scaled?.operator === 'Mul' ? otherInput(scaled, norm.outputs[0]!) : undefined;
  const shifted = scaled && graph.onlyUser(scaled.outputs[0]!);
  const shift = shifted?.operator === 'Add' ? otherInput(shifted, scaled!.outputs[0]!) : undefined;
  if (scale === undefined || shift === undefined) return undefined;
  const fits = [scale, shift].every((value) => isPerChannel(shapes.get(value), channels));
  return fits ? { scale, shift, channels, given: shifted!.outputs[0]! } : undefined;
}

function otherInput({ inputs }: OnnxNode, one: string): string | undefined {
  return inputs.find((input) => input !== one);
}

/** One number for each channel of each item. */
function isPerChannel(shape: Shape | undefined, channels: number): boolean {
  return String(shape) === `n,${channels},1,1`;
}

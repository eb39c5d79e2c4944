import { DATA_TYPES } from '../../../graph/onnx-encode.ts';
import type { ModelValue } from '../../../graph/onnx-model.ts';
import type { EditableGraph } from '../../editable-graph.ts';
import { isBatched } from '../free-batch.ts';
import { resample, type Resampling } from './resampling.ts';

/** First operator set whose `Clip` takes its bounds as inputs, and that has `Round`. */
const OLDEST = 11;

/** Names of inputs and outputs; no exporter gives such. */
export const CROP_ENDS = {
  crops: '#crops',
  amounts: '#amounts',
  masks: '#masks',
  picture: '#picture',
  large: '#large',
} as const;

/** What a network takes: (byte ÷ 255 − mean) ÷ deviation of each channel. */
export type ChannelRange = readonly (readonly [mean: number, deviation: number])[];

/** What is made of a crop for a network that takes pictures of another size. */
export interface Taking {
  /** Side of a crop, pixels. */
  readonly size: number;
  readonly resampling: Resampling;
  readonly range: ChannelRange;
  readonly layout: 'nchw' | 'nhwc';
  readonly colours: 'rgb' | 'bgr';
}

/** What such a network takes and gives, as it is in its file. */
export interface PictureEnds {
  /** Batch: free, or a number. */
  readonly batch: number | string;
  readonly input: ModelValue;
  readonly output: ModelValue;
}

/** Its picture and what it gives, if it can be given other ends: it takes one picture, and perhaps numbers. */
export function pictureEnds(graph: EditableGraph): PictureEnds | undefined {
  const isFloat = ({ type }: ModelValue): boolean => type === 'float32' || type === 'float16';
  const [input, ...more] = graph.model.inputs.filter(isBatched);
  const [output] = graph.model.outputs;
  if (graph.operatorSet < OLDEST || input === undefined || more.length > 0 || output === undefined) return undefined;
  return isFloat(input) && isFloat(output) ? { batch: input.shape[0]!, input, output } : undefined;
}

/** Adds the input of crops, [n, size, size, 3] uint8, RGB. @returns them as planes, [n, 3, size, size] float32, 0..255 */
export function cropInput(graph: EditableGraph, { batch }: PictureEnds, size: number): string {
  graph.model.inputs.push({ name: CROP_ENDS.crops, type: 'uint8', shape: [batch, size, size, 3] });
  const [turned] = graph.add('Transpose', [CROP_ENDS.crops], { attributes: { perm: [0, 3, 1, 2] } });
  return graph.add('Cast', [turned], { attributes: { to: DATA_TYPES.float32 } })[0];
}

/** Gives the network what it takes, made of the planes, in place of its input. */
export function takeCrops(
  graph: EditableGraph,
  { input }: PictureEnds,
  { planes, resampling, range, layout, colours }: Taking & { readonly planes: string },
): void {
  const channels = (values: readonly number[]): string => graph.numbers('float32', [values.length, 1, 1], values);
  const [scaled] = graph.add('Mul', [planes, channels(range.map(([, deviation]) => 1 / (255 * deviation)))]);
  let [value] = graph.add('Add', [scaled, channels(range.map(([mean, deviation]) => -mean / deviation))]);
  if (colours === 'bgr') [value] = graph.add('Gather', [value, indices(graph, [2, 1, 0])], { attributes: { axis: 1 } });
  value = resample(graph, value, resampling);
  if (layout === 'nhwc') [value] = graph.add('Transpose', [value], { attributes: { perm: [0, 2, 3, 1] } });
  if (input.type === 'float16') [value] = graph.add('Cast', [value], { attributes: { to: DATA_TYPES.float16 } });
  graph.redirect(input.name, value);
  graph.model.inputs = graph.model.inputs.filter((each) => each !== input);
}

/** A value in single precision. */
export function widened(graph: EditableGraph, value: string): string {
  return graph.add('Cast', [value], { attributes: { to: DATA_TYPES.float32 } })[0];
}

/** Where an item has anything in it that is no finite number: [n, 1, …]. */
export function isBroken(graph: EditableGraph, value: string, rank: number): string {
  const axes = Array.from({ length: rank - 1 }, (_, k) => k + 1);
  const [mean] = reduced(graph, 'ReduceMean', { value, axes });
  // Of what is finite nothing is left; what is not becomes no number.
  return graph.add('IsNaN', graph.add('Sub', [mean, mean]))[0];
}

/** Of a value one number along these axes, which stay with an extent of 1. */
export function reduced(
  graph: EditableGraph,
  operator: 'ReduceMean' | 'ReduceMax',
  { value, axes }: { readonly value: string; readonly axes: readonly number[] },
): [string, ...string[]] {
  if (graph.operatorSet < 18) return graph.add(operator, [value], { attributes: { axes, keepdims: 1 } });
  return graph.add(operator, [value, indices(graph, axes)], { attributes: { keepdims: 1 } });
}

/** Rounds to bytes and makes that an output. @param perm how its axes are turned, if they are */
export function byteOutput(
  graph: EditableGraph,
  { name, value, perm, shape }: OutputOptions,
): { readonly name: string; readonly type: 'uint8'; readonly shape: OutputOptions['shape'] } {
  const [clipped] = graph.add('Clip', [value, scalar(graph, 0), scalar(graph, 255)]);
  const [bytes] = graph.add('Cast', graph.add('Round', [clipped]), { attributes: { to: DATA_TYPES.uint8 } });
  const [turned] = perm === undefined ? [bytes] : graph.add('Transpose', [bytes], { attributes: { perm } });
  graph.insert({ operator: 'Identity', domain: '', inputs: [turned], outputs: [name], attributes: new Map() });
  return { name, type: 'uint8', shape };
}

interface OutputOptions {
  readonly name: string;
  /** float32, 0..255. */
  readonly value: string;
  readonly perm?: readonly number[];
  /** Of the output. */
  readonly shape: readonly (number | string)[];
}

export function scalar(graph: EditableGraph, value: number): string {
  return graph.numbers('float32', [], [value]);
}

export function indices(graph: EditableGraph, values: readonly number[]): string {
  return graph.numbers('int64', [values.length], values);
}

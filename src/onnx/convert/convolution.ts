import type { OnnxGraph } from '../graph/onnx-graph.ts';
import type { TfliteOperator } from '../tflite/tflite-model.ts';
import { type Conversion, input, output, type OperatorConverter, unsupported } from './conversion.ts';
import { permute } from './permute.ts';

/** `Padding` of the TFLite schema. */
const PADDING_VALID = 1;

/** Field numbers of an operator's options table, which differ between the three kinds. */
interface WindowFields {
  readonly strideX: number;
  readonly strideY: number;
  readonly dilationX?: number;
  readonly dilationY?: number;
  readonly activation: number;
}

const CONV_FIELDS: WindowFields = { strideX: 1, strideY: 2, activation: 3, dilationX: 4, dilationY: 5 };
const DEPTHWISE_FIELDS: WindowFields = { strideX: 1, strideY: 2, activation: 4, dilationX: 5, dilationY: 6 };
const POOL_FIELDS: WindowFields = { strideX: 1, strideY: 2, activation: 5 };

/** `CONV_2D`: weights [out, height, width, in]. */
export const convolution: OperatorConverter = (conversion, operator) => {
  const weights = input(operator, 1);
  const [outputs, height, width, inputs] = quadruple(conversion.shape(weights));
  const turned = permute(conversion.constant(weights), conversion.shape(weights), [0, 3, 1, 2]);
  const values = conversion.graph.floats([outputs, inputs, height, width], turned);
  convolve(conversion, operator, { values, height, width, group: 1, fields: CONV_FIELDS });
};

/** `DEPTHWISE_CONV_2D`: weights [1, height, width, channels]. */
export const depthwiseConvolution: OperatorConverter = (conversion, operator) => {
  const weights = input(operator, 1);
  const [, height, width, channels] = quadruple(conversion.shape(weights));
  const turned = permute(conversion.constant(weights), conversion.shape(weights), [3, 0, 1, 2]);
  const values = conversion.graph.floats([channels, 1, height, width], turned);
  const group = quadruple(conversion.shape(input(operator, 0)))[3];
  convolve(conversion, operator, { values, height, width, group, fields: DEPTHWISE_FIELDS });
};

/** `MAX_POOL_2D`. */
export const maximumPool: OperatorConverter = (conversion, operator) => {
  const width = operator.option(3, 'int');
  const height = operator.option(4, 'int');
  const pooled = conversion.graph.node('MaxPool', [conversion.channelsFirst(input(operator, 0))], {
    kernel_shape: [height, width],
    strides: strides(operator, POOL_FIELDS),
    pads: padding(conversion, operator, { height, width, fields: POOL_FIELDS }),
  });
  conversion.setChannelsFirst(output(operator), activate(conversion, operator, pooled, POOL_FIELDS.activation));
};

interface Kernel {
  readonly height: number;
  readonly width: number;
  readonly fields: WindowFields;
}

function convolve(
  conversion: Conversion,
  operator: TfliteOperator,
  kernel: Kernel & { readonly values: string; readonly group: number },
): void {
  const operands = [conversion.channelsFirst(input(operator, 0)), kernel.values];
  const bias = operator.inputs[2];
  if (bias !== undefined && bias >= 0) {
    operands.push(conversion.graph.floats(conversion.shape(bias), conversion.constant(bias)));
  }
  const convolved = conversion.graph.node('Conv', operands, {
    kernel_shape: [kernel.height, kernel.width],
    strides: strides(operator, kernel.fields),
    dilations: dilations(operator, kernel.fields),
    pads: padding(conversion, operator, kernel),
    group: kernel.group,
  });
  conversion.setChannelsFirst(output(operator), activate(conversion, operator, convolved, kernel.fields.activation));
}

function strides(operator: TfliteOperator, fields: WindowFields): [number, number] {
  return [operator.option(fields.strideY, 'int', 1), operator.option(fields.strideX, 'int', 1)];
}

function dilations(operator: TfliteOperator, fields: WindowFields): [number, number] {
  const read = (field: number | undefined): number => (field === undefined ? 1 : operator.option(field, 'int', 1));
  return [read(fields.dilationY), read(fields.dilationX)];
}

/** ONNX pads (top, left, bottom, right) of TFLite's `SAME`, which puts the odd pixel after, or none for `VALID`. */
function padding(conversion: Conversion, operator: TfliteOperator, kernel: Kernel): number[] {
  if (operator.option(0, 'byte') === PADDING_VALID) return [0, 0, 0, 0];
  const [, inputHeight, inputWidth] = quadruple(conversion.shape(input(operator, 0)));
  const [, outputHeight, outputWidth] = quadruple(conversion.shape(output(operator)));
  const [strideY, strideX] = strides(operator, kernel.fields);
  const [dilationY, dilationX] = dilations(operator, kernel.fields);
  const total = (extent: number, result: number, size: number, stride: number, dilation: number): number =>
    Math.max((result - 1) * stride + (size - 1) * dilation + 1 - extent, 0);
  const vertical = total(inputHeight, outputHeight, kernel.height, strideY, dilationY);
  const horizontal = total(inputWidth, outputWidth, kernel.width, strideX, dilationX);
  return [vertical >> 1, horizontal >> 1, vertical - (vertical >> 1), horizontal - (horizontal >> 1)];
}

/** Each channel times its factor. A depthwise convolution, because onnxruntime's blocked channel layout has no Mul. */
export function scaleChannels(graph: OnnxGraph, value: string, factors: Float32Array): string {
  const channels = factors.length;
  const operands = [value, graph.floats([channels, 1, 1, 1], factors)];
  return graph.node('Conv', operands, { kernel_shape: [1, 1], group: channels });
}

/** A value as it is, but in the blocked channel layout: an addition to one that is in it need not leave it. */
export function inBlocks(graph: OnnxGraph, value: string, channels: number): string {
  return scaleChannels(graph, value, new Float32Array(channels).fill(1));
}

/** Adds the activation that TFLite folds into an operator. `field` is its number in the options table. */
export function activate(conversion: Conversion, operator: TfliteOperator, value: string, field: number): string {
  const activation = operator.option(field, 'byte');
  if (activation === 0) return value;
  if (activation === 1) return conversion.graph.node('Relu', [value]);
  if (activation === 3) {
    return conversion.graph.node('Clip', [value, conversion.graph.floats([], [0]), conversion.graph.floats([], [6])]);
  }
  throw unsupported(conversion, operator, `activation ${activation}`);
}

/** The four extents of a picture tensor or a kernel. */
export function quadruple(shape: readonly number[]): [number, number, number, number] {
  const [a, b, c, d] = shape;
  if (a === undefined || b === undefined || c === undefined || d === undefined || shape.length !== 4) {
    throw new RangeError(`shape has four axes [shape:${shape.join()}]`);
  }
  return [a, b, c, d];
}

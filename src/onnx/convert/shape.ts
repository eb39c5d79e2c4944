import type { TfliteOperator } from '../tflite/tflite-model.ts';
import { type Conversion, input, output, type OperatorConverter, unsupported } from './conversion.ts';
import { quadruple } from './convolution.ts';

/** `RESHAPE`. */
export const reshape: OperatorConverter = (conversion, operator) => {
  const shape = conversion.shape(output(operator));
  const source = conversion.channelsLast(input(operator, 0));
  conversion.setChannelsLast(
    output(operator),
    conversion.graph.node('Reshape', [source, conversion.graph.integers(shape)]),
  );
};

/** `CONCATENATION`. */
export const concatenate: OperatorConverter = (conversion, operator) => {
  const rank = conversion.shape(output(operator)).length;
  const given = operator.option(0, 'int');
  const axis = given < 0 ? given + rank : given;
  if (rank === 4) {
    const operands = operator.inputs.map((index) => conversion.channelsFirst(index));
    const turned = [0, 2, 3, 1][axis]!;
    conversion.setChannelsFirst(output(operator), conversion.graph.node('Concat', operands, { axis: turned }));
  } else {
    const operands = operator.inputs.map((index) => conversion.channelsLast(index));
    conversion.setChannelsLast(output(operator), conversion.graph.node('Concat', operands, { axis }));
  }
};

/** `PAD` with zeros, of pictures and of channels. Paddings are [4, 2]: before and after for each axis. */
export const pad: OperatorConverter = (conversion, operator) => {
  const paddings = conversion.numbers(input(operator, 1));
  if (paddings.length !== 8) throw unsupported(conversion, operator, 'other than four axes');
  if (paddings.every((count, index) => count === 0 || index === 7)) return padChannels(conversion, operator);
  const turned = [0, 3, 1, 2];
  const pads = [...turned.map((axis) => paddings[2 * axis]!), ...turned.map((axis) => paddings[2 * axis + 1]!)];
  const operands = [conversion.channelsFirst(input(operator, 0)), conversion.graph.integers(pads)];
  conversion.setChannelsFirst(output(operator), conversion.graph.node('Pad', operands, { mode: 'constant' }));
};

/**
 * Channels of zeros after the others, by a convolution: onnxruntime has no Pad for its blocked channel layout, and would leave
 * it for the Pad and for the addition that follows.
 */
function padChannels(conversion: Conversion, operator: TfliteOperator): void {
  const inputs = quadruple(conversion.shape(input(operator, 0)))[3];
  const outputs = quadruple(conversion.shape(output(operator)))[3];
  const identity = new Float32Array(outputs * inputs);
  for (let channel = 0; channel < inputs; channel++) identity[channel * inputs + channel] = 1;
  const { graph } = conversion;
  const operands = [conversion.channelsFirst(input(operator, 0)), graph.floats([outputs, inputs, 1, 1], identity)];
  conversion.setChannelsFirst(output(operator), graph.node('Conv', operands, { kernel_shape: [1, 1] }));
}

/** `RESIZE_BILINEAR`. */
export const resizeBilinear: OperatorConverter = (conversion, operator) => {
  const [count, height, width, channels] = quadruple(conversion.shape(output(operator)));
  const alignCorners = operator.option(2, 'byte') !== 0;
  const halfPixel = operator.option(3, 'byte') !== 0;
  const sizes = conversion.graph.integers([count, channels, height, width]);
  const resized = conversion.graph.node('Resize', [conversion.channelsFirst(input(operator, 0)), '', '', sizes], {
    mode: 'linear',
    coordinate_transformation_mode: alignCorners ? 'align_corners' : halfPixel ? 'half_pixel' : 'asymmetric',
  });
  conversion.setChannelsFirst(output(operator), resized);
};

/** Stands for "to the end" in an ONNX slice. */
const TO_THE_END = 2 ** 31 - 1;

/** `STRIDED_SLICE`. Its masks have one bit an axis: ignore the begin, ignore the end, take one and drop the axis. */
export const stridedSlice: OperatorConverter = (conversion, operator) => {
  const begin = conversion.numbers(input(operator, 1));
  const end = conversion.numbers(input(operator, 2));
  const steps = conversion.numbers(input(operator, 3));
  const [beginMask, endMask, shrinkMask] = [0, 1, 4].map((field) => operator.option(field, 'int'));
  const isSet = (mask: number | undefined, axis: number): boolean => (((mask ?? 0) >> axis) & 1) === 1;
  const from = begin.map((value, axis) => (isSet(beginMask, axis) ? 0 : value));
  const to = end.map((value, axis) => {
    if (isSet(endMask, axis)) return TO_THE_END;
    return isSet(shrinkMask, axis) ? begin[axis]! + 1 : value;
  });
  const { graph } = conversion;
  const sliced = graph.node('Slice', [
    conversion.channelsLast(input(operator, 0)),
    graph.integers(from),
    graph.integers(to),
    graph.integers(begin.map((_, axis) => axis)),
    graph.integers(steps),
  ]);
  const shape = graph.integers(conversion.shape(output(operator)));
  conversion.setChannelsLast(output(operator), graph.node('Reshape', [sliced, shape]));
};

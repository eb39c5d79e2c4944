import { input, output, type OperatorConverter, unsupported } from './conversion.ts';
import { activate, scaleChannels } from './convolution.ts';

/** `DEQUANTIZE` widens weights kept as half floats: it is done here, once, and not in the model. */
export const dequantize: OperatorConverter = (conversion, operator) => {
  if (!conversion.isConstant(input(operator, 0))) throw unsupported(conversion, operator, 'computed input');
  conversion.setConstant(output(operator), conversion.constant(input(operator, 0)));
};

/** `ADD` and `MUL`, with broadcasting. */
export function binary(onnxOperator: 'Add' | 'Mul'): OperatorConverter {
  return (conversion, operator) => {
    const [left, right, result] = [input(operator, 0), input(operator, 1), output(operator)];
    const pictures = [left, right, result].every(
      (index) => conversion.isConstant(index) || conversion.shape(index).length === 4,
    );
    const operands = [left, right].map((index) =>
      pictures ? conversion.channelsFirst(index) : conversion.channelsLast(index),
    );
    const value = activate(conversion, operator, conversion.graph.node(onnxOperator, operands), 0);
    if (pictures) conversion.setChannelsFirst(result, value);
    else conversion.setChannelsLast(result, value);
  };
}

/** `RELU`. */
export const rectify: OperatorConverter = (conversion, operator) => {
  const picture = conversion.shape(output(operator)).length === 4;
  const source = input(operator, 0);
  const value = conversion.graph.node('Relu', [
    picture ? conversion.channelsFirst(source) : conversion.channelsLast(source),
  ]);
  if (picture) conversion.setChannelsFirst(output(operator), value);
  else conversion.setChannelsLast(output(operator), value);
};

/**
 * `PRELU` with one slope a for each channel: x + (1 − a) · max(−x, 0).
 *
 * ONNX has PRelu, but onnxruntime's CPU kernels leave their blocked channel layout for it, which costs more than the
 * operator. Written as two depthwise 1×1 convolutions the layout stays, and the rectifier and the addition are folded into
 * them, whatever the slopes.
 */
export const parametricRectify: OperatorConverter = (conversion, operator) => {
  const slopes = input(operator, 1);
  const shape = conversion.shape(slopes);
  if (shape.slice(0, -1).some((extent) => extent !== 1)) throw unsupported(conversion, operator, 'slopes by pixel');
  const slope = conversion.constant(slopes);
  const { graph } = conversion;
  const value = conversion.channelsFirst(input(operator, 0));
  const negative = slope.map(() => -1);
  const rest = slope.map((a) => 1 - a);
  const below = graph.node('Relu', [scaleChannels(graph, value, negative)]);
  conversion.setChannelsFirst(output(operator), graph.node('Add', [value, scaleChannels(graph, below, rest)]));
};

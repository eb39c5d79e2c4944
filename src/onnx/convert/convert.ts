import { GatewayError } from '../../errors.ts';
import { OnnxGraph } from '../graph/onnx-graph.ts';
import { readTflite, type TfliteModel, type TfliteOperator } from '../tflite/tflite-model.ts';
import { Conversion, type OperatorConverter, output, unsupported } from './conversion.ts';
import { convolution, depthwiseConvolution, maximumPool } from './convolution.ts';
import { binary, dequantize, parametricRectify, rectify } from './elementwise.ts';
import { landmarksToMatrix, transformLandmarks, transformTensor } from './mediapipe.ts';
import { concatenate, pad, reshape, resizeBilinear, stridedSlice } from './shape.ts';

/** Goes up whenever the converter's output changes, so that no cached model of an older one is used. */
export const CONVERTER_VERSION = 3;

/** The operators of MediaPipe's face detectors and face meshes. */
const CONVERTERS: Readonly<Record<string, OperatorConverter>> = {
  ADD: binary('Add'),
  CONCATENATION: concatenate,
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwiseConvolution,
  DEQUANTIZE: dequantize,
  MAX_POOL_2D: maximumPool,
  MUL: binary('Mul'),
  PAD: pad,
  PRELU: parametricRectify,
  RELU: rectify,
  RESHAPE: reshape,
  RESIZE_BILINEAR: resizeBilinear,
  STRIDED_SLICE: stridedSlice,
  'custom:Landmarks2TransformMatrix': landmarksToMatrix,
  'custom:TransformLandmarks': transformLandmarks,
  'custom:TransformTensorBilinear': transformTensor,
};

/**
 * Converts a TFLite file to an ONNX file (operator set 17), float32. Inputs and outputs keep their names, shapes and axis
 * order (NHWC); half-float weights are widened.
 * @throws GatewayError model_unsupported naming operator and tensor, asset_corrupt
 */
export function convertTflite(file: Uint8Array): Uint8Array {
  return convertModel(readTflite(file));
}

/** As `convertTflite`, from a model already read. */
export function convertModel(model: TfliteModel): Uint8Array {
  const conversion = new Conversion(model, new OnnxGraph());
  for (const index of model.inputs) {
    const { name, shape } = conversion.tensor(index);
    conversion.setChannelsLast(index, conversion.graph.input(name, shape));
  }
  for (const operator of model.operators) convertOperator(conversion, operator);
  for (const index of model.outputs) {
    const { name, shape } = conversion.tensor(index);
    conversion.graph.output(name, conversion.channelsLast(index), shape);
  }
  return conversion.graph.finish();
}

function convertOperator(conversion: Conversion, operator: TfliteOperator): void {
  const converter = CONVERTERS[operator.name];
  if (converter === undefined) throw unsupported(conversion, operator, 'unknown operator');
  try {
    converter(conversion, operator);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    const tensor = conversion.tensor(output(operator)).name;
    throw new GatewayError(
      'asset_corrupt',
      `operator must be well formed [operator:${operator.name}] [tensor:${tensor}]`,
      {
        cause,
      },
    );
  }
}

import { GatewayError } from '../errors.ts';
import { readProtobuf, repeatedFloats, repeatedIntegers } from './graph/protobuf-reader.ts';

/** Fields of onnx.proto3: `ModelProto.graph`, `GraphProto.initializer`; of a `TensorProto` its extents, type and values. */
const GRAPH = 7;
const INITIALIZER = 5;
const TENSOR = { dims: 1, type: 2, floats: 4, raw: 9 } as const;
/** `TensorProto.DataType.FLOAT`. */
const FLOAT = 1;

/**
 * The last initializer of a model's graph, where inswapper keeps the matrix that embeddings are multiplied by.
 * @param shape that it must have, float32
 * @throws GatewayError model_unsupported if it has another: whoever saved the model anew may have moved it
 */
export function lastInitializer(model: Uint8Array, shape: readonly number[]): Float32Array {
  try {
    const graph = readProtobuf(model).find(({ number, kind }) => number === GRAPH && kind === 'bytes');
    const last = readProtobuf(graph?.value as Uint8Array).findLast(({ number }) => number === INITIALIZER);
    const tensor = readProtobuf(last?.value as Uint8Array);
    const raw = tensor.find(({ number }) => number === TENSOR.raw)?.value;
    const values =
      raw instanceof Uint8Array
        ? new Float32Array(new Uint8Array(raw).buffer)
        : Float32Array.from(repeatedFloats(tensor, TENSOR.floats));
    const type = tensor.find(({ number }) => number === TENSOR.type)?.value;
    const elements = shape.reduce((product, extent) => product * extent, 1);
    const fits = String(repeatedIntegers(tensor, TENSOR.dims)) === String(shape) && values.length === elements;
    if (type === FLOAT && fits) return values;
  } catch (cause) {
    throw new GatewayError('model_unsupported', 'model must be an ONNX file', { cause });
  }
  throw new GatewayError(
    'model_unsupported',
    `the last initializer of the model must be float32 [shape:${shape.join('×')}]`,
  );
}

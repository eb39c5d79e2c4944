import { GatewayError } from '../../errors.ts';
import { GRAPH, MODEL } from './onnx-encode.ts';
import { ProtobufFile, type FileField } from './protobuf-file.ts';
import { fieldInFile, floatsOf, readConstant } from './read-constant.ts';

/**
 * The last initializer of a model's graph, where inswapper keeps the matrix that embeddings are multiplied by. The rest of the file is
 * stepped over.
 * @param path of an ONNX file
 * @param shape that it must have, of numbers in any precision
 * @throws GatewayError asset_missing; model_unsupported if it has another: whoever saved the model anew may have moved it
 */
export function lastInitializer(path: string, shape: readonly number[]): Float32Array {
  let file: ProtobufFile;
  try {
    file = new ProtobufFile(path);
  } catch (cause) {
    throw new GatewayError('asset_missing', `a recipe's file must be readable [file:${path}]`, { cause });
  }
  try {
    const graph = [...file.fields({ start: 0, end: file.length })].find(({ number }) => number === MODEL.graph);
    const last = [...file.fields(graph as FileField)].findLast(({ number }) => number === GRAPH.initializer);
    const fields = [...file.fields(last as FileField)].map((field) => fieldInFile(path, field));
    const { extents, ...constant } = readConstant(fields);
    const values = String(extents) === String(shape) ? floatsOf({ extents, ...constant }) : undefined;
    if (values !== undefined) return values;
  } catch (cause) {
    throw new GatewayError('model_unsupported', `model must be an ONNX file [file:${path}]`, { cause });
  } finally {
    file.close();
  }
  throw new GatewayError(
    'model_unsupported',
    `the last initializer of the model must be of fractional numbers [shape:${shape.join('×')}] [file:${path}]`,
  );
}

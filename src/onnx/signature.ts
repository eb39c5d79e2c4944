import { GatewayError } from '../errors.ts';
import {
  DATA_TYPES,
  DIMENSION,
  GRAPH,
  MODEL,
  TENSOR,
  TENSOR_TYPE,
  VALUE,
  VALUE_TYPE,
  type DataType,
} from './graph/onnx-encode.ts';
import { ProtobufFile, type FileField } from './graph/protobuf-file.ts';
import { readProtobuf, repeatedIntegers, type ProtobufField } from './graph/protobuf-reader.ts';

/** An input or output of a graph. */
export interface GraphValue {
  readonly name: string;
  /** Element type, e.g. float32. */
  readonly type: string;
  /** Extents; text, or 0, is one that is free. Undefined: the file does not say. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What a model's file says about its graph. */
export interface GraphSignature {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Element type of most bytes of the weights; undefined without weights. */
  readonly weights: string | undefined;
  /** Extents of the last initializer. */
  readonly lastInitializer: readonly number[] | undefined;
}

/**
 * Reads what the graph of an ONNX file takes and gives; its weights are stepped over.
 * @throws GatewayError asset_corrupt if the file was cut short, model_unsupported if it is no ONNX file, file_unreadable
 */
export function readSignature(path: string): GraphSignature {
  let file: ProtobufFile;
  try {
    file = new ProtobufFile(path);
  } catch (cause) {
    throw new GatewayError('file_unreadable', `file must be readable [file:${path}]`, { cause });
  }
  // Every writer puts the version first: where it stands, this is an ONNX file, and what is missing was cut off.
  let begun = false;
  let graph: FileField | undefined;
  let operators = false;
  try {
    for (const field of file.fields({ start: 0, end: file.length })) {
      begun ||= field.number === MODEL.format && field.value !== undefined && field.value < 100;
      if (!begun) break;
      if (field.number === MODEL.graph) graph = field;
      operators ||= field.number === MODEL.operatorSet;
    }
    if (graph !== undefined && operators) return signatureOf(file, graph);
  } catch (cause) {
    if (!(cause instanceof RangeError)) {
      throw new GatewayError('file_unreadable', `file must be readable [file:${path}]`, { cause });
    }
  } finally {
    file.close();
  }
  if (!begun) throw new GatewayError('model_unsupported', `model must be an ONNX file [file:${path}]`);
  const what = graph !== undefined && operators ? 'its graph is damaged' : 'its file ends too early';
  throw new GatewayError('asset_corrupt', `model must be whole, ${what} [bytes:${file.length}] [file:${path}]`);
}

function signatureOf(file: ProtobufFile, graph: FileField): GraphSignature {
  const [inputs, outputs]: [GraphValue[], GraphValue[]] = [[], []];
  const bytes = new Map<string, number>();
  const initialized = new Set<string>();
  let lastInitializer: readonly number[] | undefined;
  for (const field of file.fields(graph)) {
    if (field.number === GRAPH.input) inputs.push(valueOf(file.bytes(field)));
    if (field.number === GRAPH.output) outputs.push(valueOf(file.bytes(field)));
    if (field.number !== GRAPH.initializer) continue;
    const { name, type, dims } = tensorOf(file, field);
    initialized.add(name);
    bytes.set(type, (bytes.get(type) ?? 0) + field.end - field.start);
    lastInitializer = dims;
  }
  const [weights] = [...bytes].reduce<[string | undefined, number]>(
    (most, next) => (next[1] > most[1] ? next : most),
    [undefined, 0],
  );
  // Before version 4 of the format every initializer is an input too.
  return { inputs: inputs.filter(({ name }) => !initialized.has(name)), outputs, weights, lastInitializer };
}

/** A `TensorProto` without its values. */
function tensorOf(file: ProtobufFile, tensor: FileField): { name: string; type: string; dims: number[] } {
  const dims: number[] = [];
  let [name, type] = ['', 'unknown'];
  for (const field of file.fields(tensor)) {
    if (field.number === TENSOR.name) name = Buffer.from(file.bytes(field)).toString('utf8');
    if (field.number === TENSOR.type) type = typeName(field.value);
    if (field.number !== TENSOR.dims) continue;
    if (field.value === undefined) for (const packed of packedIntegers(file, field)) dims.push(packed);
    else dims.push(field.value);
  }
  return { name, type, dims };
}

function packedIntegers(file: ProtobufFile, field: FileField): number[] {
  const packed = { number: TENSOR.dims, kind: 'bytes', value: file.bytes(field) } as const;
  return repeatedIntegers([packed], TENSOR.dims);
}

/** A `ValueInfoProto`. */
function valueOf(message: Uint8Array): GraphValue {
  const value = readProtobuf(message);
  const tensor = readProtobuf(inner(readProtobuf(inner(value, VALUE.type)), VALUE_TYPE.tensor));
  const shape = tensor.find(({ number, kind }) => number === TENSOR_TYPE.shape && kind === 'bytes');
  return {
    name: text(value, VALUE.name),
    type: typeName(tensor.find(({ number }) => number === TENSOR_TYPE.element)?.value),
    shape: shape && readProtobuf(shape.value as Uint8Array).map(({ value: extent }) => extentOf(extent)),
  };
}

function extentOf(dimension: ProtobufField['value']): number | string {
  const fields = dimension instanceof Uint8Array ? readProtobuf(dimension) : [];
  const fixed = fields.find(({ number, kind }) => number === DIMENSION.extent && kind === 'integer')?.value;
  return typeof fixed === 'number' ? fixed : text(fields, DIMENSION.name);
}

function inner(fields: readonly ProtobufField[], number: number): Uint8Array {
  const found = fields.find((field) => field.number === number)?.value;
  return found instanceof Uint8Array ? found : new Uint8Array();
}

function text(fields: readonly ProtobufField[], number: number): string {
  return Buffer.from(inner(fields, number)).toString('utf8');
}

function typeName(type: ProtobufField['value'] | undefined): string {
  const known = (Object.keys(DATA_TYPES) as DataType[]).find((name) => DATA_TYPES[name] === type);
  return known ?? `type ${String(type)}`;
}

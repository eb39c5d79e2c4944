/** Messages of an ONNX file (onnx.proto3) as they are written. */
import { ProtobufWriter, type LateBytes } from './protobuf-writer.ts';

/** `TensorProto.DataType`. */
export const DATA_TYPES = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 } as const;
export type DataType = keyof typeof DATA_TYPES;

/** Extents of a value; text names one that is free. */
export type ValueShape = readonly (number | string)[];

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

/** A node attribute: whole numbers, lists of them, text, or `{ float }` for a fractional number. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** A `ModelProto`; its parts are finished messages. */
export function encodeModel(model: {
  /** Version of the file format. */
  readonly format: number;
  /** Versions of the operators by domain; that of ONNX itself is ''. */
  readonly operatorSets: ReadonlyMap<string, number>;
  readonly nodes: readonly ProtobufWriter[];
  readonly tensors: readonly ProtobufWriter[];
  readonly inputs: readonly ProtobufWriter[];
  readonly outputs: readonly ProtobufWriter[];
}): ProtobufWriter {
  const graph = new ProtobufWriter();
  for (const node of model.nodes) graph.message(1, node);
  graph.text(2, 'guise');
  for (const tensor of model.tensors) graph.message(5, tensor);
  for (const input of model.inputs) graph.message(11, input);
  for (const output of model.outputs) graph.message(12, output);
  const whole = new ProtobufWriter().integer(1, model.format).text(2, 'guise').message(7, graph);
  for (const [domain, version] of model.operatorSets) {
    whole.message(8, new ProtobufWriter().text(1, domain).integer(2, version));
  }
  return whole;
}

/** A `NodeProto`. Attributes are finished messages. */
export function encodeNode(node: {
  readonly name: string;
  readonly operator: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Iterable<Uint8Array>;
}): ProtobufWriter {
  const written = new ProtobufWriter();
  for (const input of node.inputs) written.text(1, input);
  for (const output of node.outputs) written.text(2, output);
  written.text(3, node.name).text(4, node.operator);
  for (const attribute of node.attributes) written.bytes(5, attribute);
  if (node.domain) written.text(7, node.domain);
  return written;
}

/** A `TensorProto`; its values are raw bytes, little endian. */
export function encodeTensor(tensor: {
  readonly name: string;
  readonly type: DataType;
  readonly extents: readonly number[];
  readonly raw: Uint8Array | LateBytes;
}): ProtobufWriter {
  const written = new ProtobufWriter();
  for (const extent of tensor.extents) written.integer(1, extent);
  return written.integer(2, DATA_TYPES[tensor.type]).text(8, tensor.name).bytes(9, tensor.raw);
}

/** A `ValueInfoProto`: an input or output. */
export function encodeValue(name: string, shape: ValueShape, type: DataType): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const extent of shape) {
    const dimension = new ProtobufWriter();
    dimensions.message(1, typeof extent === 'number' ? dimension.integer(1, extent) : dimension.text(2, extent));
  }
  const tensorType = new ProtobufWriter().integer(1, DATA_TYPES[type]).message(2, dimensions);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensorType));
}

/** An `AttributeProto`. */
export function encodeAttribute(name: string, value: OnnxAttribute): ProtobufWriter {
  const attribute = new ProtobufWriter().text(1, name);
  if (typeof value === 'string') return attribute.text(4, value).integer(20, ATTRIBUTE_STRING);
  if (typeof value === 'number') return attribute.integer(3, value).integer(20, ATTRIBUTE_INT);
  if ('float' in value) return attribute.float(2, value.float).integer(20, ATTRIBUTE_FLOAT);
  for (const item of value) attribute.integer(8, item);
  return attribute.integer(20, ATTRIBUTE_INTS);
}

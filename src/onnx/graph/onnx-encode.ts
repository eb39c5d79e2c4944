/** Messages of an ONNX file (onnx.proto3): the numbers of their fields, and how they are written. */
import { ProtobufWriter, type LateBytes } from './protobuf-writer.ts';

/** Fields of each message, those that are read or written here. */
export const MODEL = { format: 1, producer: 2, graph: 7, operatorSet: 8, functions: 25 } as const;
export const OPERATOR_SET = { domain: 1, version: 2 } as const;
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12, sparse: 15 } as const;
export const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 } as const;
export const TENSOR = {
  dims: 1,
  type: 2,
  floats: 4,
  int32s: 5,
  int64s: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  location: 14,
} as const;
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  integer: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  integers: 8,
  graphs: 11,
  type: 20,
  reference: 21,
} as const;
/** `ValueInfoProto`; in it `TypeProto`, of it `TypeProto.Tensor`, of that `TensorShapeProto`, and of that `Dimension`. */
export const VALUE = { name: 1, type: 2 } as const;
export const VALUE_TYPE = { tensor: 1 } as const;
export const TENSOR_TYPE = { element: 1, shape: 2 } as const;
export const SHAPE = { dimension: 1 } as const;
export const DIMENSION = { extent: 1, name: 2 } as const;

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
  for (const node of model.nodes) graph.message(GRAPH.node, node);
  graph.text(GRAPH.name, 'guise');
  for (const tensor of model.tensors) graph.message(GRAPH.initializer, tensor);
  for (const input of model.inputs) graph.message(GRAPH.input, input);
  for (const output of model.outputs) graph.message(GRAPH.output, output);
  const whole = new ProtobufWriter()
    .integer(MODEL.format, model.format)
    .text(MODEL.producer, 'guise')
    .message(MODEL.graph, graph);
  for (const [domain, version] of model.operatorSets) {
    const set = new ProtobufWriter().text(OPERATOR_SET.domain, domain).integer(OPERATOR_SET.version, version);
    whole.message(MODEL.operatorSet, set);
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
  for (const input of node.inputs) written.text(NODE.input, input);
  for (const output of node.outputs) written.text(NODE.output, output);
  written.text(NODE.name, node.name).text(NODE.operator, node.operator);
  for (const attribute of node.attributes) written.bytes(NODE.attribute, attribute);
  if (node.domain) written.text(NODE.domain, node.domain);
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
  for (const extent of tensor.extents) written.integer(TENSOR.dims, extent);
  return written
    .integer(TENSOR.type, DATA_TYPES[tensor.type])
    .text(TENSOR.name, tensor.name)
    .bytes(TENSOR.raw, tensor.raw);
}

/** A `ValueInfoProto`: an input or output. */
export function encodeValue(name: string, shape: ValueShape, type: DataType): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const extent of shape) {
    const dimension = new ProtobufWriter();
    if (typeof extent === 'number') dimension.integer(DIMENSION.extent, extent);
    else dimension.text(DIMENSION.name, extent);
    dimensions.message(SHAPE.dimension, dimension);
  }
  const tensorType = new ProtobufWriter()
    .integer(TENSOR_TYPE.element, DATA_TYPES[type])
    .message(TENSOR_TYPE.shape, dimensions);
  return new ProtobufWriter()
    .text(VALUE.name, name)
    .message(VALUE.type, new ProtobufWriter().message(VALUE_TYPE.tensor, tensorType));
}

/** An `AttributeProto`. */
export function encodeAttribute(name: string, value: OnnxAttribute): ProtobufWriter {
  const attribute = new ProtobufWriter().text(ATTRIBUTE.name, name);
  const { type } = ATTRIBUTE;
  if (typeof value === 'string') return attribute.text(ATTRIBUTE.text, value).integer(type, ATTRIBUTE_STRING);
  if (typeof value === 'number') return attribute.integer(ATTRIBUTE.integer, value).integer(type, ATTRIBUTE_INT);
  if ('float' in value) return attribute.float(ATTRIBUTE.float, value.float).integer(type, ATTRIBUTE_FLOAT);
  for (const item of value) attribute.integer(ATTRIBUTE.integers, item);
  return attribute.integer(type, ATTRIBUTE_INTS);
}

import { ProtobufWriter, type LateBytes } from './protobuf-writer.ts';

/** ONNX operator set that the nodes below are written for. */
const OPSET = 17;
/** Version of the ONNX file format that belongs to it. */
const IR_VERSION = 8;

/** `TensorProto.DataType`. */
const FLOAT = 1;
const INT64 = 7;
const FLOAT16 = 10;
const TYPES = { float32: FLOAT, float16: FLOAT16 } as const;
/** Element type of values that pixels and weights go through. */
export type FloatType = keyof typeof TYPES;
/** Extents of a value; text names one that is free. */
export type ValueShape = readonly (number | string)[];
/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

/** A node attribute: whole numbers, lists of them, text, or `{ float }` for a fractional number. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/**
 * Builds an ONNX model (onnx.proto3) node by node. Values are named by strings; names that the graph makes itself start
 * with `#`, so they cannot meet a name given from outside.
 */
export class OnnxGraph {
  readonly #nodes: ProtobufWriter[] = [];
  readonly #initializers: ProtobufWriter[] = [];
  readonly #inputs: ProtobufWriter[] = [];
  readonly #outputs: ProtobufWriter[] = [];
  #names = 0;

  input(name: string, shape: ValueShape, type: FloatType = 'float32'): string {
    this.#inputs.push(describeValue(name, shape, type));
    return name;
  }

  /** Makes `value` an output of the model under `name`. */
  output(name: string, value: string, shape: ValueShape, type: FloatType = 'float32'): void {
    this.#emit('Identity', [value], [name], {});
    this.#outputs.push(describeValue(name, shape, type));
  }

  /** A constant float32 tensor. */
  floats(shape: readonly number[], values: Float32Array | readonly number[]): string {
    const array = values instanceof Float32Array ? values : Float32Array.from(values);
    return this.#initializer(shape, FLOAT, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }

  /** A constant tensor whose bytes, little endian, are made when the model is written. */
  weights(shape: readonly number[], type: FloatType, raw: LateBytes): string {
    return this.#initializer(shape, TYPES[type], raw);
  }

  /** A constant one-dimensional int64 tensor: shapes, axes, indices. */
  integers(values: readonly number[]): string {
    const array = BigInt64Array.from(values, BigInt);
    return this.#initializer([values.length], INT64, new Uint8Array(array.buffer));
  }

  /** Adds a node with one output and returns the output's name. An empty input name is one that is left out. */
  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    const output = this.#name();
    this.#emit(operator, inputs, [output], attributes);
    return output;
  }

  /** Adds a node that cuts `input` into two halves along `axis`. */
  halves(input: string, axis: number): readonly [string, string] {
    const outputs = [this.#name(), this.#name()] as const;
    this.#emit('Split', [input], outputs, { axis });
    return outputs;
  }

  /** The model's bytes. */
  finish(): Uint8Array {
    return this.#model().finish();
  }

  /** The model's bytes, piece by piece. */
  pieces(): Generator<Uint8Array> {
    return this.#model().pieces();
  }

  #model(): ProtobufWriter {
    const graph = new ProtobufWriter();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, 'guise');
    for (const tensor of this.#initializers) graph.message(5, tensor);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    return new ProtobufWriter()
      .integer(1, IR_VERSION)
      .text(2, 'guise')
      .message(7, graph)
      .message(8, new ProtobufWriter().text(1, '').integer(2, OPSET));
  }

  #emit(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): void {
    const node = new ProtobufWriter();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, this.#name()).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) node.message(5, describeAttribute(name, value));
    this.#nodes.push(node);
  }

  #initializer(shape: readonly number[], type: number, raw: Uint8Array | LateBytes): string {
    const name = this.#name();
    const tensor = new ProtobufWriter();
    for (const extent of shape) tensor.integer(1, extent);
    this.#initializers.push(tensor.integer(2, type).text(8, name).bytes(9, raw));
    return name;
  }

  #name(): string {
    return `#${this.#names++}`;
  }
}

function describeValue(name: string, shape: ValueShape, type: FloatType): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const extent of shape) {
    const dimension = new ProtobufWriter();
    dimensions.message(1, typeof extent === 'number' ? dimension.integer(1, extent) : dimension.text(2, extent));
  }
  const tensorType = new ProtobufWriter().integer(1, TYPES[type]).message(2, dimensions);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensorType));
}

function describeAttribute(name: string, value: OnnxAttribute): ProtobufWriter {
  const attribute = new ProtobufWriter().text(1, name);
  if (typeof value === 'string') return attribute.text(4, value).integer(20, ATTRIBUTE_STRING);
  if (typeof value === 'number') return attribute.integer(3, value).integer(20, ATTRIBUTE_INT);
  if ('float' in value) return attribute.float(2, value.float).integer(20, ATTRIBUTE_FLOAT);
  for (const item of value) attribute.integer(8, item);
  return attribute.integer(20, ATTRIBUTE_INTS);
}

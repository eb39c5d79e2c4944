import { encodeAttribute, encodeModel, encodeNode, encodeTensor, encodeValue } from './onnx-encode.ts';
import type { OnnxAttribute, ValueShape } from './onnx-encode.ts';
import type { LateBytes, ProtobufWriter } from './protobuf-writer.ts';

/** ONNX operator set that the nodes below are written for. */
const OPSET = 17;
/** Version of the ONNX file format that belongs to it. */
const IR_VERSION = 8;

/** Element type of values that pixels and weights go through. */
export type FloatType = 'float32' | 'float16';

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

  input(name: string, shape: ValueShape, type: FloatType | 'float64' = 'float32'): string {
    this.#inputs.push(encodeValue(name, shape, type));
    return name;
  }

  /** Makes `value` an output of the model under `name`. */
  output(name: string, value: string, shape: ValueShape, type: FloatType = 'float32'): void {
    this.#emit('Identity', [value], [name], {});
    this.#outputs.push(encodeValue(name, shape, type));
  }

  /** A constant float32 tensor. */
  floats(shape: readonly number[], values: Float32Array | readonly number[]): string {
    const array = values instanceof Float32Array ? values : Float32Array.from(values);
    return this.#initializer(shape, 'float32', new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }

  /** A constant tensor whose bytes, little endian, are made when the model is written. */
  weights(shape: readonly number[], type: FloatType, raw: LateBytes): string {
    return this.#initializer(shape, type, raw);
  }

  /** A constant int64 tensor, of one dimension unless told otherwise: shapes, axes, indices. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const array = BigInt64Array.from(values, BigInt);
    return this.#initializer(shape, 'int64', new Uint8Array(array.buffer));
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
    return encodeModel({
      format: IR_VERSION,
      operatorSets: new Map([['', OPSET]]),
      nodes: this.#nodes,
      tensors: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #emit(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): void {
    const encoded = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value).finish());
    this.#nodes.push(encodeNode({ name: this.#name(), operator, inputs, outputs, attributes: encoded }));
  }

  #initializer(extents: readonly number[], type: FloatType | 'int64', raw: Uint8Array | LateBytes): string {
    const name = this.#name();
    this.#initializers.push(encodeTensor({ name, type, extents, raw }));
    return name;
  }

  #name(): string {
    return `#${this.#names++}`;
  }
}

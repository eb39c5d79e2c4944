import { ATTRIBUTE, encodeAttribute, encodeModel, encodeNode, encodeTensor, encodeValue } from './onnx-encode.ts';
import type { DataType, OnnxAttribute, ValueShape } from './onnx-encode.ts';
import { readProtobuf, repeatedIntegers } from './protobuf-reader.ts';
import type { LateBytes } from './protobuf-writer.ts';

/** A constant. Its values, little endian, are made when they are asked for: weights may be hundreds of megabytes. */
export interface Constant {
  readonly name: string;
  readonly type: DataType;
  readonly extents: readonly number[];
  readonly raw: LateBytes;
}

/** An input or output of a graph. */
export interface ModelValue {
  readonly name: string;
  readonly type: DataType;
  readonly shape: ValueShape;
}

/** One operation. An empty input is one that is left out. */
export interface OnnxNode {
  readonly operator: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  inputs: string[];
  outputs: string[];
  /** `AttributeProto`s by name, as they are in the file. */
  readonly attributes: Map<string, Uint8Array>;
}

/** A model in memory: its graph may be changed, its constants stay where they are until it is written. */
export interface OnnxModel {
  /** Version of the file format. */
  readonly format: number;
  /** Versions of the operators by domain; that of ONNX itself is ''. */
  readonly operatorSets: ReadonlyMap<string, number>;
  inputs: ModelValue[];
  outputs: ModelValue[];
  /** In the order they can run in. */
  nodes: OnnxNode[];
  constants: Map<string, Constant>;
}

/** The model as a file, piece by piece. Nodes get new names: a profile breaks on some that exporters give. */
export function writeModel(model: OnnxModel): Generator<Uint8Array> {
  const encodedValue = ({ name, shape, type }: ModelValue) => encodeValue(name, shape, type);
  return encodeModel({
    // Before version 4 constants had to be inputs as well.
    format: Math.max(model.format, 4),
    operatorSets: model.operatorSets,
    nodes: model.nodes.map((node, index) =>
      encodeNode({ ...node, name: `n${index}`, attributes: node.attributes.values() }),
    ),
    tensors: [...model.constants.values()].map(encodeTensor),
    inputs: model.inputs.map(encodedValue),
    outputs: model.outputs.map(encodedValue),
  }).pieces();
}

/** Attributes as they are in a file. */
export function attributesOf(values: Readonly<Record<string, OnnxAttribute>>): Map<string, Uint8Array> {
  return new Map(Object.entries(values).map(([name, value]) => [name, encodeAttribute(name, value).finish()]));
}

/** A whole number among the attributes. */
export function integerOf(node: OnnxNode, name: string, otherwise: number): number {
  return (
    (fieldsOf(node, name).find(({ number }) => number === ATTRIBUTE.integer)?.value as number | undefined) ?? otherwise
  );
}

/** A list of whole numbers among the attributes. */
export function integersOf(node: OnnxNode, name: string): readonly number[] | undefined {
  return node.attributes.has(name) ? repeatedIntegers(fieldsOf(node, name), ATTRIBUTE.integers) : undefined;
}

/** A fractional number among the attributes. */
export function floatOf(node: OnnxNode, name: string, otherwise: number): number {
  return (
    (fieldsOf(node, name).find(({ number }) => number === ATTRIBUTE.float)?.value as number | undefined) ?? otherwise
  );
}

/** Text among the attributes. */
export function textOf(node: OnnxNode, name: string, otherwise: string): string {
  const text = fieldsOf(node, name).find(({ number }) => number === ATTRIBUTE.text)?.value;
  return text instanceof Uint8Array ? Buffer.from(text).toString('utf8') : otherwise;
}

function fieldsOf(node: OnnxNode, name: string): ReturnType<typeof readProtobuf> {
  const attribute = node.attributes.get(name);
  return attribute === undefined ? [] : readProtobuf(attribute);
}

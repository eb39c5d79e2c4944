import { GatewayError } from '../../errors.ts';
import { readSignature, type GraphValue } from '../signature.ts';
import { ATTRIBUTE, DATA_TYPES, GRAPH, MODEL, NODE, OPERATOR_SET, type DataType } from './onnx-encode.ts';
import type { ModelValue, OnnxModel, OnnxNode } from './onnx-model.ts';
import { ProtobufFile, type FileField } from './protobuf-file.ts';
import { readProtobuf, type ProtobufField } from './protobuf-reader.ts';
import { fieldInFile, fieldInMemory, readConstant } from './read-constant.ts';

/**
 * Reads the graph of an ONNX file; its weights are read when they are asked for, so the file must stay.
 * @throws GatewayError asset_corrupt, file_unreadable; model_unsupported if it has parts that are not read here: graphs within
 * nodes, functions, sparse weights, weights in other files
 */
export function readModel(path: string): OnnxModel {
  const { inputs, outputs } = readSignature(path);
  const file = new ProtobufFile(path);
  try {
    const model = { ...readParts(file, path), inputs: inputs.map(valueOf), outputs: outputs.map(valueOf) };
    constantsOfNodes(model);
    return model;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const message = `the graph must be of parts that are known: ${cause.message} [file:${path}]`;
    throw new GatewayError('model_unsupported', message, { cause });
  } finally {
    file.close();
  }
}

function readParts(file: ProtobufFile, path: string): Omit<OnnxModel, 'inputs' | 'outputs'> {
  const operatorSets = new Map<string, number>();
  const parts = { format: 0, operatorSets, nodes: [] as OnnxNode[], constants: new Map() } satisfies Partial<OnnxModel>;
  for (const field of file.fields({ start: 0, end: file.length })) {
    if (field.number === MODEL.format) parts.format = field.value ?? 0;
    if (field.number === MODEL.functions) throw new RangeError('it has no functions of its own');
    if (field.number === MODEL.operatorSet) {
      const set = readProtobuf(file.bytes(field));
      operatorSets.set(textOf(set, OPERATOR_SET.domain), numberOf(set, OPERATOR_SET.version));
    }
    if (field.number === MODEL.graph) readGraph(file, { path, graph: field, parts });
  }
  return parts;
}

function readGraph(
  file: ProtobufFile,
  read: {
    readonly path: string;
    readonly graph: FileField;
    readonly parts: Pick<OnnxModel, 'nodes' | 'constants'>;
  },
): void {
  for (const field of file.fields(read.graph)) {
    if (field.number === GRAPH.sparse) throw new RangeError('its weights are dense');
    if (field.number === GRAPH.node) read.parts.nodes.push(nodeOf(readProtobuf(file.bytes(field))));
    if (field.number !== GRAPH.initializer) continue;
    const constant = readConstant([...file.fields(field)].map((part) => fieldInFile(read.path, part)));
    read.parts.constants.set(constant.name, constant);
  }
}

function nodeOf(fields: readonly ProtobufField[]): OnnxNode {
  const texts = (wanted: number): string[] =>
    fields.filter(({ number }) => number === wanted).map(({ value }) => Buffer.from(value as Uint8Array).toString());
  const operator = textOf(fields, NODE.operator);
  const attributes = new Map<string, Uint8Array>();
  for (const { number, value } of fields) {
    if (number !== NODE.attribute || !(value instanceof Uint8Array)) continue;
    const attribute = readProtobuf(value);
    const nested = ([ATTRIBUTE.graph, ATTRIBUTE.graphs, ATTRIBUTE.reference] as number[]).some((part) =>
      attribute.some((field) => field.number === part),
    );
    if (nested) throw new RangeError(`nodes have no graphs within them [operator:${operator}]`);
    attributes.set(textOf(attribute, ATTRIBUTE.name), value);
  }
  const domain = textOf(fields, NODE.domain);
  return {
    operator,
    domain: domain === 'ai.onnx' ? '' : domain,
    inputs: texts(NODE.input),
    outputs: texts(NODE.output),
    attributes,
  };
}

/** `Constant` nodes become constants, and nodes that pass a value on are left out, so that nobody needs to look for them. */
function constantsOfNodes(model: OnnxModel): void {
  const kept: OnnxNode[] = [];
  for (const node of model.nodes) {
    const value = node.operator === 'Constant' ? node.attributes.get('value') : undefined;
    const tensor = value && readProtobuf(value).find(({ number }) => number === ATTRIBUTE.tensor)?.value;
    if (!(tensor instanceof Uint8Array)) kept.push(node);
    else {
      const [name] = node.outputs as [string];
      model.constants.set(name, readConstant(readProtobuf(tensor).map(fieldInMemory), name));
    }
  }
  model.nodes = kept;
}

function valueOf({ name, type, shape }: GraphValue): ModelValue {
  if (!(type in DATA_TYPES)) throw new RangeError(`inputs and outputs are numbers [value:${name}] [type:${type}]`);
  if (shape === undefined) throw new RangeError(`inputs and outputs say their extents [value:${name}]`);
  // What has no name, or says 0 or −1, is free.
  const named = shape.map((extent, axis) => (extent === '' || Number(extent) <= 0 ? `${name}_${axis}` : extent));
  return { name, type: type as DataType, shape: named };
}

function textOf(fields: readonly ProtobufField[], wanted: number): string {
  const value = fields.find(({ number }) => number === wanted)?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
}

function numberOf(fields: readonly ProtobufField[], wanted: number): number {
  const value = fields.find(({ number }) => number === wanted)?.value;
  return typeof value === 'number' ? value : 0;
}

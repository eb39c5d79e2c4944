import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../test/support/code-of.ts';
import { encodeModel, encodeNode, encodeTensor, encodeValue } from './onnx-encode.ts';
import { OnnxGraph } from './onnx-graph.ts';
import { floatOf, integerOf, integersOf, textOf, writeModel } from './onnx-model.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { floatsOf, wholesOf } from './read-constant.ts';
import { readModel } from './read-model.ts';

function fileOf(content: Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'guise-read-')), 'model.onnx');
  writeFileSync(path, content);
  return path;
}

/** A file of one node, with this constant and these attributes. */
function oneNode(parts: { readonly tensor?: ProtobufWriter; readonly attributes?: readonly Uint8Array[] }): string {
  const { tensor, attributes = [] } = parts;
  const node = encodeNode({ name: '', operator: 'Relu', inputs: ['x'], outputs: ['y'], attributes });
  const model = encodeModel({
    format: 8,
    operatorSets: new Map([['', 17]]),
    nodes: [node],
    tensors: tensor === undefined ? [] : [tensor],
    inputs: [encodeValue('x', ['n', 2], 'float32')],
    outputs: [encodeValue('y', ['n', 2], 'float32')],
  });
  return fileOf(model.finish());
}

test('what is read and written again is read as the same', () => {
  const graph = new OnnxGraph();
  const x = graph.input('x', ['n', 3, 4, 4]);
  const weights = graph.floats([2, 3, 1, 1], [1, -2, 3, -4, 5, 6]);
  const convolution = graph.node('Conv', [x, weights], { pads: [0, 0, 0, 0], auto_pad: 'NOTSET', group: 1 });
  const sliced = graph.node('Slice', [
    convolution,
    graph.integers([-3]),
    graph.integers([2 ** 40]),
    graph.integers([-1]),
  ]);
  graph.output('y', graph.node('LeakyRelu', [sliced], { alpha: { float: 0.25 } }), ['n', 2, 4, 3]);

  const first = readModel(fileOf(graph.finish()));
  const again = readModel(fileOf(Buffer.concat([...writeModel(first)])));

  expect(again.nodes).toEqual(first.nodes);
  expect(again.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['n', 3, 4, 4] }]);
  const [conv, slice, leaky] = again.nodes;
  expect([integersOf(conv!, 'pads'), integerOf(conv!, 'group', 7), integerOf(conv!, 'absent', 7)]).toEqual([
    [0, 0, 0, 0],
    1,
    7,
  ]);
  expect([textOf(conv!, 'auto_pad', ''), floatOf(leaky!, 'alpha', 0)]).toEqual(['NOTSET', 0.25]);
  const constants = [...conv!.inputs.slice(1), ...slice!.inputs.slice(1)].map((name) => again.constants.get(name)!);
  expect([...floatsOf(constants[0]!)!]).toEqual([1, -2, 3, -4, 5, 6]);
  expect(constants.slice(1).map(wholesOf)).toEqual([[-3], [2 ** 40], [-1]]);
});

test('constants are read from every field that they may be in', () => {
  const tensor = (type: number, fill: (message: ProtobufWriter) => void): ProtobufWriter => {
    const message = new ProtobufWriter().integer(1, 2).integer(2, type).text(8, 'c');
    fill(message);
    return message;
  };
  const numbersOf = (message: ProtobufWriter): number[] => {
    const constant = readModel(oneNode({ tensor: message })).constants.get('c')!;
    return [...(floatsOf(constant) ?? wholesOf(constant)!)];
  };

  expect(numbersOf(tensor(1, (message) => message.float(4, 1.5).float(4, -2)))).toEqual([1.5, -2]);
  expect(numbersOf(tensor(1, (message) => message.bytes(4, new Uint8Array(Float32Array.of(3, 4).buffer))))).toEqual([
    3, 4,
  ]);
  expect(numbersOf(tensor(10, (message) => message.integer(5, 0x3c00).integer(5, 0xc000)))).toEqual([1, -2]);
  expect(numbersOf(tensor(7, (message) => message.integer(7, -5).integer(7, 2 ** 33)))).toEqual([-5, 2 ** 33]);
  expect(numbersOf(tensor(11, (message) => message.bytes(10, new Uint8Array(Float64Array.of(0.5, 8).buffer))))).toEqual(
    [0.5, 8],
  );
});

describe('a file is refused', () => {
  const whole = (): string =>
    oneNode({ tensor: encodeTensor({ name: 'c', type: 'float32', extents: [2], raw: new Uint8Array(8) }) });

  test('that was cut short', () => {
    const path = whole();
    truncateSync(path, readFileSync(path).length - 12);
    expect(codeOf(() => readModel(path))).toBe('asset_corrupt');
  });

  test.each([
    [
      'whose weights are in another file',
      { tensor: encodeTensor({ name: 'c', type: 'float32', extents: [0], raw: new Uint8Array(0) }).integer(14, 1) },
    ],
    [
      'that lacks weights',
      { tensor: encodeTensor({ name: 'c', type: 'float32', extents: [3], raw: new Uint8Array(8) }) },
    ],
    [
      'with a graph within a node',
      { attributes: [new ProtobufWriter().text(1, 'then_branch').bytes(6, new Uint8Array(2)).finish()] },
    ],
  ])('%s', (_, parts) => {
    expect(codeOf(() => readModel(oneNode(parts)))).toBe('model_unsupported');
  });
});

import { floatOf, integerOf, integersOf, type Constant, type OnnxNode } from '../../../graph/onnx-model.ts';
import { ELEMENT_BYTES } from '../../../graph/read-constant.ts';
import type { EditableGraph } from '../../editable-graph.ts';
import { cutOf, Shapes } from '../../shapes.ts';

/**
 * What the source asks of each layer is a product of the source and that layer's weights, dozens of small ones in a graph. They become one
 * product, cut into the pieces that layers take.
 * @returns how many were merged
 */
export function mergeStyles(graph: EditableGraph): number {
  const groups = new Map<string, Product[]>();
  for (const node of graph.nodes) {
    const product = productOf(graph, node);
    if (product === undefined) continue;
    const { input, turned, weights, bias } = product;
    const key = [input, turned, weights.type, weights.extents[turned ? 1 : 0], bias?.type].join();
    groups.set(key, [...(groups.get(key) ?? []), product]);
  }
  const several = [...groups.values()].filter((products) => products.length > 1);
  for (const products of several) merge(graph, products);
  return several.reduce((sum, { length }) => sum + length, 0);
}

/** A `Gemm` of a value and constants. */
interface Product {
  readonly node: OnnxNode;
  readonly input: string;
  /** Whether the weights are [to, from], not [from, to]. */
  readonly turned: boolean;
  readonly weights: Constant;
  readonly bias: Constant | undefined;
  /** Numbers that it gives. */
  readonly width: number;
}

function productOf(graph: EditableGraph, node: OnnxNode): Product | undefined {
  if (node.operator !== 'Gemm' || integerOf(node, 'transA', 0) !== 0) return undefined;
  if (floatOf(node, 'alpha', 1) !== 1 || floatOf(node, 'beta', 1) !== 1 || graph.leaves(node.outputs[0]!))
    return undefined;
  const [input, matrix, added] = node.inputs as [string, string, string?];
  const [weights, bias] = [graph.constant(matrix), graph.constant(added)];
  if (weights === undefined || (added && bias === undefined)) return undefined;
  const turned = integerOf(node, 'transB', 0) === 1;
  const width = weights.extents[turned ? 0 : 1]!;
  if (bias !== undefined && String(bias.extents) !== String([width])) return undefined;
  return { node, input, turned, weights, bias, width };
}

function merge(graph: EditableGraph, products: readonly Product[]): void {
  const [{ input, turned, bias }] = products as [Product];
  const inputs = [input, graph.keep(side(products))];
  if (bias !== undefined) inputs.push(graph.keep(joined(products.map((product) => product.bias!))));
  const [whole] = graph.add('Gemm', inputs, { attributes: { transB: turned ? 1 : 0 } });
  const pieces = products.flatMap((product) => piecesOf(graph, product));
  const sizes = pieces.map(({ width }) => width);
  const outputs =
    graph.operatorSet < 13
      ? graph.add('Split', [whole], { attributes: { axis: 1, split: sizes }, outputs: sizes.length })
      : graph.add('Split', [whole, graph.numbers('int64', [sizes.length], sizes)], {
          attributes: { axis: 1 },
          outputs: sizes.length,
        });
  pieces.forEach(({ value, rank }, k) => {
    const axes = Array.from({ length: rank - 2 }, (_, axis) => axis + 2);
    graph.redirect(value, axes.length === 0 ? outputs[k]! : unsqueezed(graph, outputs[k]!, axes));
  });
}

function unsqueezed(graph: EditableGraph, value: string, axes: readonly number[]): string {
  if (graph.operatorSet < 13) return graph.add('Unsqueeze', [value], { attributes: { axes } })[0];
  return graph.add('Unsqueeze', [value, graph.numbers('int64', [axes.length], axes)])[0];
}

/** A stretch of a product that is taken as a value. */
interface Piece {
  readonly value: string;
  readonly width: number;
  /** Extents of the value: [n, width, 1, …]. */
  readonly rank: number;
}

/** The values that a product is cut into at once, in order; or itself. */
function piecesOf(graph: EditableGraph, { node, width }: Product): readonly Piece[] {
  const shapes = new Shapes(graph);
  let [value, rank] = [node.outputs[0]!, 2];
  for (let user = graph.onlyUser(value); user?.operator === 'Unsqueeze'; user = graph.onlyUser(value)) {
    const axes = shapes.axesOf(user);
    if (axes === undefined || axes.some((axis) => axis < 2)) break;
    [value, rank] = [user.outputs[0]!, rank + axes.length];
  }
  const cut = (graph.leaves(value) ? undefined : (bySplit(graph, value, width) ?? bySlices(graph, value, width)))?.map(
    (piece) => ({ ...piece, rank }),
  );
  return cut ?? [{ value: node.outputs[0]!, width, rank: 2 }];
}

type Cut = readonly Omit<Piece, 'rank'>[];

function bySplit(graph: EditableGraph, value: string, width: number): Cut | undefined {
  const split = graph.onlyUser(value);
  if (split?.operator !== 'Split' || integerOf(split, 'axis', 0) !== 1) return undefined;
  const sizes = integersOf(split, 'split') ?? graph.wholes(split.inputs[1]);
  return split.outputs.map((output, k) => ({ value: output, width: sizes?.[k] ?? width / split.outputs.length }));
}

function bySlices(graph: EditableGraph, value: string, width: number): Cut | undefined {
  const cuts = graph.users(value).map((node) => {
    const cut = node.operator === 'Slice' ? cutOf(graph, node) : undefined;
    return cut?.axis === 1 ? { value: node.outputs[0]!, start: cut.start, end: Math.min(cut.end, width) } : undefined;
  });
  if (cuts.length === 0 || cuts.some((cut) => cut === undefined)) return undefined;
  const ordered = cuts.map((cut) => cut!).sort((a, b) => a.start - b.start);
  const seamless = ordered.every(({ start }, k) => start === (k === 0 ? 0 : ordered[k - 1]!.end));
  if (!seamless || ordered.at(-1)!.end !== width) return undefined;
  return ordered.map(({ value: output, start, end }) => ({ value: output, width: end - start }));
}

/** All weights side by side. */
function side(products: readonly Product[]): Omit<Constant, 'name'> {
  const [{ turned, weights }] = products as [Product];
  const width = products.reduce((sum, product) => sum + product.width, 0);
  if (turned) return { ...joined(products.map((product) => product.weights)), extents: [width, weights.extents[1]!] };
  const [rows, bytes] = [weights.extents[0]!, ELEMENT_BYTES[weights.type]];
  const make = (): Uint8Array => {
    const all = new Uint8Array(rows * width * bytes);
    let column = 0;
    for (const product of products) {
      const [from, length] = [product.weights.raw.make(), product.width * bytes];
      for (let row = 0; row < rows; row++) {
        all.set(from.subarray(row * length, (row + 1) * length), row * width * bytes + column);
      }
      column += length;
    }
    return all;
  };
  return { type: weights.type, extents: [rows, width], raw: { length: rows * width * bytes, make } };
}

/** One behind the other. */
function joined(constants: readonly Constant[]): Omit<Constant, 'name'> {
  const count = constants.reduce(
    (sum, { extents }) => sum + extents.reduce((product, extent) => product * extent, 1),
    0,
  );
  const length = constants.reduce((sum, { raw }) => sum + raw.length, 0);
  const make = (): Uint8Array =>
    Buffer.concat(
      constants.map(({ raw }) => raw.make()),
      length,
    );
  return { type: constants[0]!.type, extents: [count], raw: { length, make } };
}

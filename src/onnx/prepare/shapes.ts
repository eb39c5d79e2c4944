import { integerOf, integersOf, type OnnxNode } from '../graph/onnx-model.ts';
import type { EditableGraph } from './editable-graph.ts';

/** An extent; 'n' is the batch. */
export type Extent = number | 'n';
export type Shape = readonly Extent[];

/** Operators whose output is as their first input. */
const SAME = new Set(
  'Relu LeakyRelu PRelu Elu Selu Tanh Sigmoid HardSigmoid HardSwish Softplus Erf Gelu Sqrt Reciprocal Exp Log Neg Abs Clip Cast Identity InstanceNormalization BatchNormalization LayerNormalization GroupNormalization Softmax Dropout'.split(
    ' ',
  ),
);
const BROADCAST = new Set('Add Sub Mul Div Pow Max Min'.split(' '));

/** The extents of a graph's values, as far as they are known: each node's outputs once it has been visited, in order. */
export class Shapes {
  readonly #graph: EditableGraph;
  readonly #known = new Map<string, Shape>();

  /** @param graph whose inputs have the batch first, whatever number stands there, if they are more than a number */
  constructor(graph: EditableGraph) {
    this.#graph = graph;
    for (const { name, shape } of graph.model.inputs) {
      if (shape.length < 2) continue;
      const [, ...rest] = shape;
      if (rest.every((extent) => typeof extent === 'number')) this.#known.set(name, ['n', ...(rest as number[])]);
    }
  }

  /** All nodes visited. The graph must be tidy. */
  static of(graph: EditableGraph): Shapes {
    const shapes = new Shapes(graph);
    for (const node of graph.nodes) shapes.visit(node);
    return shapes;
  }

  /** Extents of a value. */
  get(value: string | undefined): Shape | undefined {
    if (value === undefined) return undefined;
    return this.#known.get(value) ?? this.#graph.constant(value)?.extents;
  }

  /** Finds out the extents of a node's outputs. */
  visit(node: OnnxNode): void {
    const given = node.inputs.map((input) => this.get(input));
    const shapes = node.domain === '' ? this.#outputs(node, given) : [];
    node.outputs.forEach((output, index) => {
      const shape = shapes[index];
      if (shape !== undefined) this.#known.set(output, shape);
    });
  }

  #outputs(node: OnnxNode, given: readonly (Shape | undefined)[]): readonly (Shape | undefined)[] {
    const [first, second] = given;
    if (BROADCAST.has(node.operator)) return [given.reduce(broadcast)];
    if (first === undefined) return [];
    if (SAME.has(node.operator)) return [first];
    switch (node.operator) {
      case 'Conv':
        return [convolved(node, first, second)];
      case 'Gemm':
        return [second && [first[0]!, second[integerOf(node, 'transB', 0) === 1 ? 0 : 1]!]];
      case 'MatMul':
        return [second?.length === 2 ? [...first.slice(0, -1), second[1]!] : undefined];
      case 'Pad':
        return [this.#padded(node, first)];
      case 'Resize':
      case 'Upsample':
        return [this.#resized(node, first)];
      case 'GlobalAveragePool':
        return [first.map((extent, axis) => (axis < 2 ? extent : 1))];
      case 'ReduceMean':
      case 'ReduceSum':
        return [this.#reduced(node, first)];
      case 'Unsqueeze':
        return [unsqueezed(first, this.axesOf(node))];
      case 'Flatten':
        return [flattened(first, integerOf(node, 'axis', 1))];
      case 'Concat':
        return [concatenated(given, integerOf(node, 'axis', 0))];
      case 'Transpose':
        return [integersOf(node, 'perm')?.map((axis) => first[axis]!)];
      case 'Reshape':
        return [this.reshaped(first, this.#graph.wholes(node.inputs[1]))];
      case 'Gather':
        return [second?.length === 0 ? first.filter((_, axis) => axis !== integerOf(node, 'axis', 0)) : undefined];
      case 'Slice':
        return [this.#sliced(node, first)];
      case 'Split':
        return this.#split(node, first);
      default:
        return [];
    }
  }

  /** Axes of a node that takes them as an attribute, or, from some version on, as an input. */
  axesOf(node: OnnxNode): readonly number[] | undefined {
    return integersOf(node, 'axes') ?? this.#graph.wholes(node.inputs[1]);
  }

  /** What a reshape gives for these numbers: 0 is as it was, −1 what is left. */
  reshaped(from: Shape, target: readonly number[] | undefined): Shape | undefined {
    if (target === undefined) return undefined;
    const shape = target.map((extent, axis) => (extent === 0 ? from[axis]! : extent));
    const open = shape.indexOf(-1);
    if (open < 0) return shape;
    const others = shape.filter((_, axis) => axis !== open);
    // The batch is what is left, or it is among the others.
    const free = from.includes('n') && !others.includes('n');
    const rest =
      (countOf(from.filter((extent) => extent !== 'n')) ?? 0) / (countOf(others.filter((e) => e !== 'n')) ?? 0);
    if (free && rest !== 1) return undefined;
    return shape.map((extent, axis) => (axis !== open ? extent : free ? 'n' : rest));
  }

  #padded(node: OnnxNode, shape: Shape): Shape | undefined {
    const pads = integersOf(node, 'pads') ?? this.#graph.wholes(node.inputs[1]);
    if (pads?.length !== 2 * shape.length) return undefined;
    return shape.map((extent, axis) => (extent === 'n' ? extent : extent + pads[axis]! + pads[axis + shape.length]!));
  }

  #resized(node: OnnxNode, shape: Shape): Shape | undefined {
    const sizes = this.#graph.wholes(node.inputs[3]);
    if (sizes?.length === shape.length) return shape.map((extent, axis) => (extent === 'n' ? extent : sizes[axis]!));
    const scales = this.#graph.floats(node.inputs[node.operator === 'Resize' && node.inputs.length > 2 ? 2 : 1]);
    if (scales?.length !== shape.length) return undefined;
    return shape.map((extent, axis) => (extent === 'n' ? extent : Math.floor(extent * scales[axis]!)));
  }

  #reduced(node: OnnxNode, shape: Shape): Shape | undefined {
    const axes = this.axesOf(node)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
    if (axes === undefined || integerOf(node, 'keepdims', 1) !== 1) return undefined;
    return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  }

  #sliced(node: OnnxNode, shape: Shape): Shape | undefined {
    const cut = cutOf(this.#graph, node);
    if (cut === undefined) return undefined;
    const axis = cut.axis < 0 ? cut.axis + shape.length : cut.axis;
    const extent = shape[axis];
    if (typeof extent !== 'number') return undefined;
    const place = (at: number): number => Math.min(Math.max(at < 0 ? at + extent : at, 0), extent);
    return shape.map((was, k) => (k === axis ? Math.max(place(cut.end) - place(cut.start), 0) : was));
  }

  #split(node: OnnxNode, shape: Shape): readonly (Shape | undefined)[] {
    const axis = integerOf(node, 'axis', 0);
    const whole = shape[axis];
    if (typeof whole !== 'number') return [];
    const sizes = integersOf(node, 'split') ?? this.#graph.wholes(node.inputs[1]);
    return node.outputs.map((_, k) =>
      shape.map((extent, at) => (at === axis ? (sizes?.[k] ?? whole / node.outputs.length) : extent)),
    );
  }
}

/** Where a slice along one axis, in steps of 1, begins and ends; undefined if it is another. */
export function cutOf(
  graph: EditableGraph,
  node: OnnxNode,
): { readonly start: number; readonly end: number; readonly axis: number } | undefined {
  const [starts, ends, axes] = ['starts', 'ends', 'axes'].map(
    (name, k) => integersOf(node, name) ?? graph.wholes(node.inputs[1 + k]),
  );
  const steps = graph.wholes(node.inputs[4]);
  if (starts?.length !== 1 || ends?.length !== 1 || (steps?.[0] ?? 1) !== 1) return undefined;
  return { start: starts[0]!, end: ends[0]!, axis: axes?.[0] ?? 0 };
}

/** How many elements there are; undefined with a batch among the extents. */
export function countOf(shape: Shape): number | undefined {
  return shape.reduce<number | undefined>(
    (product, extent) => (product === undefined || extent === 'n' ? undefined : product * extent),
    1,
  );
}

function flattened(shape: Shape, axis: number): Shape | undefined {
  const count = countOf(shape.slice(1));
  return axis === 1 && count !== undefined ? [shape[0]!, count] : undefined;
}

function broadcast(one: Shape | undefined, other: Shape | undefined): Shape | undefined {
  if (one === undefined || other === undefined) return undefined;
  const length = Math.max(one.length, other.length);
  return Array.from({ length }, (_, k) => {
    const a = one[one.length - length + k] ?? 1;
    const b = other[other.length - length + k] ?? 1;
    return a === 1 ? b : a;
  });
}

function convolved(node: OnnxNode, shape: Shape, weights: Shape | undefined): Shape | undefined {
  if (weights === undefined || node.attributes.has('auto_pad')) return undefined;
  const spatial = weights.slice(2) as number[];
  const pads = integersOf(node, 'pads') ?? spatial.flatMap(() => [0, 0]);
  const strides = integersOf(node, 'strides') ?? spatial.map(() => 1);
  const dilations = integersOf(node, 'dilations') ?? spatial.map(() => 1);
  const extents = spatial.map((side, k) => {
    const reach = dilations[k]! * (side - 1) + 1;
    return Math.floor(((shape[2 + k] as number) + pads[k]! + pads[k + spatial.length]! - reach) / strides[k]!) + 1;
  });
  return [shape[0]!, weights[0]!, ...extents];
}

function unsqueezed(shape: Shape, axes: readonly number[] | undefined): Shape | undefined {
  if (axes === undefined) return undefined;
  const length = shape.length + axes.length;
  const added = axes.map((axis) => (axis < 0 ? axis + length : axis));
  const left = [...shape];
  return Array.from({ length }, (_, axis) => (added.includes(axis) ? 1 : left.shift()!));
}

function concatenated(shapes: readonly (Shape | undefined)[], axis: number): Shape | undefined {
  const [first] = shapes;
  if (first === undefined || axis < 0) return undefined;
  const extents = shapes.map((shape) => shape?.[axis]);
  if (!extents.every((extent) => typeof extent === 'number')) return undefined;
  const sum = (extents as number[]).reduce((total, extent) => total + extent, 0);
  return first.map((extent, at) => (at === axis ? sum : extent));
}

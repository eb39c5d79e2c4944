import { DATA_TYPES, type DataType } from '../graph/onnx-encode.ts';
import { integerOf, type OnnxNode } from '../graph/onnx-model.ts';
import type { EditableGraph } from './editable-graph.ts';

const WHOLE = new Set('Shape Size NonZero ArgMax ArgMin'.split(' '));
const TRUTH = new Set('Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf'.split(' '));

/** The element types of a graph's values. */
export class Types {
  readonly #graph: EditableGraph;
  readonly #known = new Map<string, DataType>();

  private constructor(graph: EditableGraph) {
    this.#graph = graph;
  }

  /** @param graph which must be tidy */
  static of(graph: EditableGraph): Types {
    const types = new Types(graph);
    for (const { name, type } of graph.model.inputs) types.#known.set(name, type);
    for (const node of graph.nodes) {
      const type = types.#outputOf(node);
      if (type !== undefined) for (const output of node.outputs) types.#known.set(output, type);
    }
    return types;
  }

  /** Of a value that was there when the types were read. */
  get(value: string): DataType | undefined {
    return this.#known.get(value) ?? this.#graph.constant(value)?.type;
  }

  /** Nearly all operators give what they take; some take a shape or a condition first. */
  #outputOf(node: OnnxNode): DataType | undefined {
    if (WHOLE.has(node.operator)) return 'int64';
    if (TRUTH.has(node.operator)) return 'bool';
    if (node.operator === 'ConstantOfShape') return 'float32';
    if (node.operator === 'Cast') {
      const to = integerOf(node, 'to', 0);
      return (Object.keys(DATA_TYPES) as DataType[]).find((type) => DATA_TYPES[type] === to);
    }
    const [first] = node.operator === 'Where' ? node.inputs.slice(1) : node.inputs;
    return first === undefined ? undefined : this.get(first);
  }
}

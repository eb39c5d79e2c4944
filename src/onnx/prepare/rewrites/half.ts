import { attributesOf, integerOf, type Constant, type OnnxNode } from '../../graph/onnx-model.ts';
import { narrowFloats16 } from '../../float16.ts';
import { floatsOf } from '../../graph/read-constant.ts';
import type { EditableGraph } from '../editable-graph.ts';
import { Types } from '../types.ts';

const FLOAT32 = 1;
const FLOAT16 = 10;

/**
 * Operators that stay in single precision: sums over many values and powers, which leave the range of halves, and those that no provider
 * has for halves. Instance norms sum in single precision by themselves.
 */
const SINGLE = new Set(
  'ReduceMean ReduceSum ReduceSumSquare ReduceL2 ReduceProd Pow Exp Log Softmax LpNormalization CumSum TopK Range Mod Upsample GridSample NonMaxSuppression ConstantOfShape RandomNormal RandomNormalLike'.split(
    ' ',
  ),
);
/** Inputs that are in single precision for any type of the others: region and scales. */
const ALWAYS_SINGLE: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2] };

/**
 * Brings weights and features to half precision, its inputs and outputs left as they are.
 * @returns how many constants were narrowed
 */
export function useHalves(graph: EditableGraph): number {
  const narrowing = new Narrowing(graph);
  for (const node of [...graph.nodes]) narrowing.visit(node);
  narrowing.finish();
  return narrowing.constants;
}

class Narrowing {
  readonly #graph: EditableGraph;
  readonly #types: Types;
  /** Values that were in single precision and are in half now. */
  readonly #narrow = new Set<string>();
  /** The same value in the other precision, by name and code of the type. */
  readonly #casts = new Map<string, string>();
  constants = 0;

  constructor(graph: EditableGraph) {
    this.#graph = graph;
    this.#types = Types.of(graph);
  }

  visit(node: OnnxNode): void {
    const single = node.domain !== '' || SINGLE.has(node.operator);
    const always = ALWAYS_SINGLE[node.operator] ?? [];
    const inputs = node.inputs.map((input, at) => {
      if (this.#types.get(input) !== 'float32') return input;
      return single || always.includes(at) ? this.#widened(input) : this.#narrowed(input);
    });
    this.#graph.reconnect(node, inputs);
    if (single) return;
    if (node.operator === 'Cast' && integerOf(node, 'to', 0) === FLOAT32) {
      node.attributes.set('to', attributesOf({ to: FLOAT16 }).get('to')!);
    }
    for (const output of node.outputs) if (this.#types.get(output) === 'float32') this.#narrow.add(output);
  }

  /** Outputs that are halves now are given in single precision again. */
  finish(): void {
    const { model } = this.#graph;
    model.outputs = model.outputs.map((output) => ({ ...output, name: this.#widened(output.name) }));
  }

  #widened(value: string): string {
    return this.#narrow.has(value) ? this.#cast(value, FLOAT32) : value;
  }

  #narrowed(value: string): string {
    if (this.#narrow.has(value)) return value;
    const constant = this.#graph.constant(value);
    if (constant === undefined) return this.#cast(value, FLOAT16);
    let narrow = this.#casts.get(value);
    if (narrow === undefined) {
      this.#casts.set(value, (narrow = this.#graph.keep(halved(constant))));
      this.constants++;
    }
    return narrow;
  }

  #cast(value: string, to: number): string {
    const key = `${to} ${value}`;
    let cast = this.#casts.get(key);
    if (cast === undefined) this.#casts.set(key, (cast = this.#graph.add('Cast', [value], { attributes: { to } })[0]));
    return cast;
  }
}

function halved(constant: Constant): Omit<Constant, 'name'> {
  const { extents, raw } = constant;
  const make = (): Uint8Array => {
    const values = floatsOf(constant)!;
    const halves = narrowFloats16(values);
    // What is not 0 does not become 0: it may be divided by.
    for (let k = 0; k < halves.length; k++) if ((halves[k]! & 0x7fff) === 0 && values[k] !== 0) halves[k]! |= 1;
    return new Uint8Array(halves.buffer);
  };
  return { type: 'float16', extents, raw: { length: raw.length / 2, make } };
}

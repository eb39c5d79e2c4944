import { attributesOf, type Constant, type OnnxModel, type OnnxNode } from '../graph/onnx-model.ts';
import type { OnnxAttribute } from '../graph/onnx-encode.ts';
import { bytesOfNumbers, floatsOf, wholesOf } from '../graph/read-constant.ts';

/** Who gives and who takes each value. */
interface Links {
  readonly producers: ReadonlyMap<string, OnnxNode>;
  readonly users: ReadonlyMap<string, readonly OnnxNode[]>;
}

/** A model being rewritten. Nodes may be added in any order: `tidy` drops what nobody needs and puts the rest in order. */
export class EditableGraph {
  readonly model: OnnxModel;
  #links: Links | undefined;
  #names = 0;

  constructor(model: OnnxModel) {
    this.model = model;
  }

  /** Version of ONNX's own operators. */
  get operatorSet(): number {
    return this.model.operatorSets.get('') ?? 0;
  }

  get nodes(): readonly OnnxNode[] {
    return this.model.nodes;
  }

  /** The node that gives a value, if one does, and if it is of this kind. */
  producer(value: string | undefined, operator?: string): OnnxNode | undefined {
    const node = value === undefined ? undefined : this.#now().producers.get(value);
    return operator === undefined || node?.operator === operator ? node : undefined;
  }

  /** The nodes that take a value, each once for every input that is it. */
  users(value: string): readonly OnnxNode[] {
    return this.#now().users.get(value) ?? [];
  }

  /** The only node that takes a value; undefined if there are others, or if it leaves the graph. */
  onlyUser(value: string): OnnxNode | undefined {
    const [user, ...more] = this.users(value);
    return more.length === 0 && !this.leaves(value) ? user : undefined;
  }

  /** Whether a value is an output of the graph. */
  leaves(value: string): boolean {
    return this.model.outputs.some(({ name }) => name === value);
  }

  constant(value: string | undefined): Constant | undefined {
    return value === undefined ? undefined : this.model.constants.get(value);
  }

  /** The fractional numbers that a value is, if it is a constant of them. */
  floats(value: string | undefined): Float32Array | undefined {
    const constant = this.constant(value);
    return constant && floatsOf(constant);
  }

  /** The only number of a constant. */
  scalar(value: string | undefined): number | undefined {
    const constant = this.constant(value);
    if (constant === undefined || constant.extents.some((extent) => extent !== 1)) return undefined;
    return (floatsOf(constant) ?? wholesOf(constant))?.[0];
  }

  /** The whole numbers that a value is, if it is a constant of them. */
  wholes(value: string | undefined): readonly number[] | undefined {
    const constant = this.constant(value);
    return constant && wholesOf(constant);
  }

  /** Adds a node and returns its outputs. */
  add(
    operator: string,
    inputs: readonly string[],
    options: { readonly attributes?: Readonly<Record<string, OnnxAttribute>>; readonly outputs?: number } = {},
  ): [string, ...string[]] {
    const { attributes = {}, outputs: count = 1 } = options;
    const outputs = Array.from({ length: count }, () => this.#name()) as [string, ...string[]];
    this.insert({ operator, domain: '', inputs: [...inputs], outputs, attributes: attributesOf(attributes) });
    return outputs;
  }

  insert(node: OnnxNode): void {
    this.model.nodes.push(node);
    this.#links = undefined;
  }

  /** A constant of these numbers. */
  numbers(type: 'float32' | 'float16' | 'int64', extents: readonly number[], values: Iterable<number>): string {
    const bytes = bytesOfNumbers(type, values);
    return this.keep({ type, extents, raw: { length: bytes.length, make: () => bytes } });
  }

  /** A constant under a name of its own. */
  keep(constant: Omit<Constant, 'name'>): string {
    const name = this.#name();
    this.model.constants.set(name, { name, ...constant });
    return name;
  }

  /** Everybody who takes one value takes another instead, but `except`. */
  redirect(from: string, to: string, except: readonly OnnxNode[] = []): void {
    for (const node of this.model.nodes) {
      if (!except.includes(node)) node.inputs = node.inputs.map((input) => (input === from ? to : input));
    }
    this.model.outputs = this.model.outputs.map((output) => (output.name === from ? { ...output, name: to } : output));
    this.#links = undefined;
  }

  /** Gives a node other inputs. */
  reconnect(node: OnnxNode, inputs: readonly string[]): void {
    node.inputs = [...inputs];
    this.#links = undefined;
  }

  /** Leaves out nodes and constants that no output needs, and puts the nodes in an order in which they can run. */
  tidy(): void {
    const { producers } = this.#now();
    const ordered = new Set<OnnxNode>();
    const constants = new Map<string, Constant>();
    const waiting = this.model.outputs.map(({ name }) => ({ value: name, opened: false }));
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const constant = this.model.constants.get(next.value);
      if (constant !== undefined) constants.set(next.value, constant);
      const node = producers.get(next.value);
      if (node === undefined || ordered.has(node)) continue;
      if (next.opened) ordered.add(node);
      else waiting.push({ ...next, opened: true }, ...node.inputs.map((value) => ({ value, opened: false })));
    }
    this.model.nodes = [...ordered];
    this.model.constants = constants;
    this.#links = undefined;
  }

  #name(): string {
    let name;
    do name = `#${this.#names++}`;
    while (this.model.constants.has(name) || this.#now().producers.has(name) || this.#now().users.has(name));
    return name;
  }

  #now(): Links {
    return (this.#links ??= linksOf(this.model.nodes));
  }
}

function linksOf(nodes: readonly OnnxNode[]): Links {
  const producers = new Map<string, OnnxNode>();
  const users = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const output of node.outputs) producers.set(output, node);
    for (const input of node.inputs) {
      const known = users.get(input);
      if (known === undefined) users.set(input, [node]);
      else known.push(node);
    }
  }
  return { producers, users };
}

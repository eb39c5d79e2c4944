import { narrowFloat16 } from '../../../src/onnx/float16.ts';
import type { FloatType, OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';
import { Random } from '../../media/random.ts';

/** Normal values that weights are drawn from: a look-up is what makes a hundred million of them take a second. */
const DRAWN = 65_536;

/** Random weights of a network, the same for the same seed, made when the network is written. */
export class RandomWeights {
  readonly #graph: OnnxGraph;
  readonly #type: FloatType;
  readonly #normal: Float32Array;
  #seed: number;

  constructor(graph: OnnxGraph, options: { readonly type: FloatType; readonly seed: number }) {
    this.#graph = graph;
    this.#type = options.type;
    this.#seed = options.seed;
    const random = new Random(options.seed);
    this.#normal = Float32Array.from({ length: DRAWN }, () => random.normal());
  }

  /** A constant with normal values around 0. */
  normal(shape: readonly number[], deviation: number): string {
    const seed = (this.#seed = (Math.imul(this.#seed, 0x9e3779b1) + 0x7f4a7c15) >>> 0) | 1;
    const elements = shape.reduce((product, extent) => product * extent, 1);
    const length = elements * (this.#type === 'float16' ? 2 : 4);
    return this.#graph.weights(shape, this.#type, { length, make: () => this.#draw(elements, deviation, seed) });
  }

  /** A constant with these values. */
  values(shape: readonly number[], values: readonly number[]): string {
    const array = this.#type === 'float16' ? Uint16Array.from(values, narrowFloat16) : Float32Array.from(values);
    const bytes = new Uint8Array(array.buffer);
    return this.#graph.weights(shape, this.#type, { length: bytes.length, make: () => bytes });
  }

  // xorshift32 (G. Marsaglia, 2003): its upper half names the value.
  #draw(elements: number, deviation: number, seed: number): Uint8Array {
    const scaled = this.#normal.map((value) => value * deviation);
    const table = this.#type === 'float16' ? Uint16Array.from(scaled, narrowFloat16) : scaled;
    const drawn = this.#type === 'float16' ? new Uint16Array(elements) : new Float32Array(elements);
    let state = seed;
    for (let k = 0; k < elements; k++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      drawn[k] = table[state >>> 16]!;
    }
    return new Uint8Array(drawn.buffer);
  }
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValueShape } from '../../src/onnx/graph/onnx-encode.ts';
import { OnnxGraph, type FloatType } from '../../src/onnx/graph/onnx-graph.ts';

export interface ModelFile {
  /** By name, in order. */
  readonly inputs: Readonly<Record<string, ValueShape>>;
  readonly output: ValueShape;
  /** Extents of the last initializer. */
  readonly last?: readonly number[];
  readonly weights?: FloatType;
}

/** Writes a tiny ONNX file with these inputs and this output and returns its path. What it computes means nothing. */
export function modelFile(folder: string, name: string, { inputs, output, last, weights }: ModelFile): string {
  const graph = new OnnxGraph();
  const [first] = Object.entries(inputs).map(([input, shape]) => graph.input(input, shape));
  graph.output('output', first!, output);
  if (last !== undefined) {
    const bytes = last.reduce((product, extent) => product * extent, weights === 'float16' ? 2 : 4);
    graph.weights(last, weights ?? 'float32', { length: bytes, make: () => new Uint8Array(bytes) });
  }
  const path = join(folder, name);
  writeFileSync(path, graph.finish());
  return path;
}

/** The graph of a swap network of this size that takes an embedding. */
export function swapGraph(size: number): ModelFile {
  return { inputs: { target: ['n', 3, size, size], source: ['n', 512] }, output: ['n', 3, size, size] };
}

/** The graph of inswapper_128, with its matrix. */
export const INSWAPPER: ModelFile = { ...swapGraph(128), last: [512, 512] };

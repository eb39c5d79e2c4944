import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { narrowFloat16, widenFloat16 } from '../../src/onnx/float16.ts';
import type { OnnxGraph } from '../../src/onnx/graph/onnx-graph.ts';
import { writeModel, type OnnxModel } from '../../src/onnx/graph/onnx-model.ts';
import { readModel } from '../../src/onnx/graph/read-model.ts';
import { Random } from '../media/random.ts';

/** A graph as a model, by way of a file. */
export function modelOf(graph: OnnxGraph): OnnxModel {
  const path = join(mkdtempSync(join(tmpdir(), 'guise-model-')), 'model.onnx');
  writeFileSync(path, graph.finish());
  return readModel(path);
}

/** Normal numbers around 0, float32. */
export function randomFloats(shape: readonly number[], seed: number): Tensor {
  const random = new Random(seed);
  const count = shape.reduce((product, extent) => product * extent, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length: count }, () => random.normal()),
    [...shape],
  );
}

/** The same in half precision. */
export function halved(tensor: Tensor): Tensor {
  return new Tensor('float16', Uint16Array.from(tensor.data as Float32Array, narrowFloat16) as never, tensor.dims);
}

/** What a model gives on the processor, each output's numbers, in order. */
export async function runModel(model: OnnxModel, feeds: Readonly<Record<string, Tensor>>): Promise<Float32Array[]> {
  const session = await InferenceSession.create(Buffer.concat([...writeModel(model)]), { logSeverityLevel: 3 });
  try {
    const given = await session.run(feeds);
    return session.outputNames.map((name) => numbersOf(given[name]!));
  } finally {
    await session.release();
  }
}

/** The largest difference of two numbers at the same place. */
export function farthest(one: ArrayLike<number>, other: ArrayLike<number>): number {
  if (one.length !== other.length) return Infinity;
  return Array.from(one).reduce((most, value, k) => Math.max(most, Math.abs(value - other[k]!)), 0);
}

/** How often each operator is in a model. */
export function operatorsOf(model: OnnxModel): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operator } of model.nodes) counts[operator] = (counts[operator] ?? 0) + 1;
  return counts;
}

function numbersOf({ type, data }: Tensor): Float32Array {
  if (type === 'float16') return widenFloat16(new Uint16Array((data as Uint16Array).buffer));
  return Float32Array.from(data as Float32Array);
}

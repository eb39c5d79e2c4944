import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OnnxGraph } from '../graph/onnx-graph.ts';
import { BatchSession } from './batch-session.ts';

const contract = { inputs: { source: { extents: [512] } }, outputs: [{ extents: [3] }] };
const options = { contract, provider: 'cpu', deviceId: 0, threads: 1, maximumBatch: 2 } as const;

/** A file of one product, whose extents are free but for what it multiplies by. */
function product(from: number): string {
  const graph = new OnnxGraph();
  const source = graph.input('source', ['n', 'k']);
  const sum = graph.node('MatMul', [source, graph.floats([from, 3], new Float32Array(3 * from).fill(1))]);
  graph.output('sum', sum, ['n', 3]);
  const path = join(mkdtempSync(join(tmpdir(), 'guise-batch-')), 'product.onnx');
  writeFileSync(path, graph.finish());
  return path;
}

test('a batch is run as far as it is asked for', async () => {
  const session = await BatchSession.open(product(512), options);
  session.inputs['source']!.fill(1, 0, 512);
  session.inputs['source']!.fill(2, 512);

  await session.run(1);
  const one = [...session.outputs[0]!];
  await session.run(2);
  const two = [...session.outputs[0]!];
  await session.close();

  expect(one).toEqual([512, 512, 512, 0, 0, 0]);
  expect(two).toEqual([512, 512, 512, 1024, 1024, 1024]);
});

test('a file whose first run shows that it does not fit is refused, and no device is blamed', async () => {
  await expect(BatchSession.open(product(300), options)).rejects.toMatchObject({ code: 'model_unsupported' });
});

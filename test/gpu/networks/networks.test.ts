import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ModelFolder } from '../../../src/models/model-folder.ts';
import { BatchSession } from '../../../src/onnx/device/batch-session.ts';
import { OnnxSession } from '../../../src/onnx/session.ts';
import { inswapperNetwork } from './inswapper.ts';
import { writeNetwork } from './networks.ts';
import { addGenerated, GENERATED } from './published.ts';
import { tinyEmbedder } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'guise-networks-'));
const closing: { close(): Promise<void> }[] = [];
afterAll(() => Promise.all(closing.map((thing) => thing.close())));

test('inswapper’s shape has its 138.3 million parameters, and is made piece by piece', () => {
  const network = inswapperNetwork({ type: 'float16' });

  let bytes = 0;
  let largest = 0;
  for (const piece of network.pieces()) {
    bytes += piece.length;
    largest = Math.max(largest, piece.length);
  }

  // The published file in half precision is 277.3 MB with its 512 × 512 emap of another 0.5 MB.
  expect(bytes / 2 / 1e6).toBeCloseTo(138.3, 1);
  expect(largest).toBe(1024 * 1024 * 9 * 2);
});

test('inswapper’s shape, with few channels, gives finite pictures that both its inputs change', async () => {
  const path = join(folder, 'narrow.onnx');
  writeNetwork(inswapperNetwork({ type: 'float16', narrow: 32 }), path);
  const session = await BatchSession.open(path, {
    provider: 'cpu',
    deviceId: 0,
    threads: 1,
    maximumBatch: 1,
    contract: {
      inputs: { target: { extents: [3, 128, 128] }, source: { extents: [512] } },
      outputs: [{ extents: [3, 128, 128] }],
    },
  });
  closing.push(session);
  const { target, source } = session.inputs as { target: Uint16Array; source: Uint16Array };
  const given = async (): Promise<Uint16Array> => {
    await session.run(1);
    return session.outputs[0]!.slice() as Uint16Array;
  };

  target.fill(0x3800); // 0.5
  const plain = await given();
  source.fill(0x2c00); // 1/16
  const worn = await given();
  target.fill(0x3400, 0, 8192); // 0.25 in half of a channel
  const other = await given();

  // 0..1 in half precision has no sign and no exponent above that of 1.
  for (const picture of [plain, worn, other]) expect(picture.every((bits) => bits <= 0x3c00)).toBe(true);
  for (const [one, another] of [
    [plain, worn],
    [worn, other],
  ] as const) {
    expect(one.filter((bits, k) => bits !== another[k]).length).toBeGreaterThan(one.length / 2);
  }
});

test('the tiny embedder tells faces apart', async () => {
  const session = await OnnxSession.open(tinyEmbedder().finish());
  closing.push(session);
  const embed = (seed: number): Promise<Float32Array> =>
    session.run(
      (input) => input.forEach((_, k) => (input[k] = Math.sin(seed * k))),
      (outputs) => outputs['embedding']!.slice(),
    );

  const [one, another] = [await embed(1), await embed(2)];

  expect(one.length).toBe(512);
  expect(one.every(Number.isFinite)).toBe(true);
  expect(Math.max(...one.map((value, k) => Math.abs(value - another[k]!)))).toBeGreaterThan(0.1);
});

test('networks for published models are taken for those that they stand for', async () => {
  const models = join(folder, 'models');

  await addGenerated(models);

  const verdicts = await new ModelFolder({ folder: models, allowNonCommercial: true }).verify();
  const byName = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
    one < other ? -1 : 1;
  expect(verdicts.map(({ model, problem }) => [model.name, problem] as const).sort(byName)).toEqual(
    GENERATED.map((name) => [name, undefined] as const).sort(byName),
  );
});

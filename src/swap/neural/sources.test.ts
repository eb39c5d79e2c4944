import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markedPortrait, scaled } from '../../../test/support/portraits.ts';
import { OnnxGraph, type FloatType } from '../../onnx/graph/onnx-graph.ts';
import { bytesOfNumbers } from '../../onnx/graph/read-constant.ts';
import { Embedder } from './embedder.ts';
import type { EmbeddingSource, RecipeFace } from './recipe.ts';
import { sourcesOf } from './sources.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guise-sources-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A stand-in for a recogniser: every value is a mix of the crop's mean red, green and blue. */
async function recogniser(values: number, name: string): Promise<string> {
  const graph = new OnnxGraph();
  const mean = graph.node('GlobalAveragePool', [graph.input('input', [1, 3, 112, 112])]);
  const weights = Array.from({ length: values * 3 }, (_, i) => Math.sin(i));
  const mixed = graph.node('Conv', [mean, graph.floats([values, 3, 1, 1], weights)]);
  graph.output('embedding', graph.node('Flatten', [mixed]), [1, values]);
  const file = join(folder, name);
  await writeFile(file, graph.finish());
  return file;
}

const face = (factor = 1) => {
  const { picture, landmarks } = scaled(markedPortrait('hopper'), factor);
  return { photo: picture, landmarks };
};
const embedding = (embedder: string, form: Partial<EmbeddingSource> = {}): RecipeFace => ({
  name: 'one',
  size: 128,
  template: 'arcface_128',
  source: { kind: 'embedding', embedder, ...form },
});
const valuesOf = async (recipe: RecipeFace, of = face()): Promise<Float32Array> =>
  new Float32Array((await sourcesOf(of, [recipe], new Embedder())).get('one')!.bytes.buffer);

/** A network that takes and gives [1, 512] and reverses the order, with that matrix as its last initializer. */
async function reversing(name: string, type: FloatType = 'float32'): Promise<string> {
  const graph = new OnnxGraph();
  const matrix = new Float32Array(512 * 512);
  for (let i = 0; i < 512; i++) matrix[i * 512 + 511 - i] = 2;
  const raw = bytesOfNumbers(type, matrix);
  const weights = graph.weights([512, 512], type, { length: raw.length, make: () => raw });
  graph.output('out', graph.node('MatMul', [graph.input('in', [1, 512], type), weights]), [1, 512], type);
  const file = join(folder, name);
  await writeFile(file, graph.finish());
  return file;
}

describe('what networks take of a photo', () => {
  test('is made for each recipe: an aligned photo, or what the recogniser makes of one', async () => {
    const image: RecipeFace = {
      name: 'two',
      size: 256,
      template: 'ffhq_512',
      source: { kind: 'image', size: 96, template: 'ffhq_512' },
    };
    const file = await recogniser(512, 'good.onnx');

    const sources = await sourcesOf(face(), [embedding(file), image], new Embedder());

    expect([...sources.keys()]).toEqual(['one', 'two']);
    const [one, two] = [sources.get('one')!, sources.get('two')!];
    expect(two.bytes).toHaveLength(96 * 96 * 3);
    for (const { bytes, hash } of [one, two]) {
      expect(hash).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(one.bytes).toHaveLength(512 * 4);
  });

  test('goes into the recogniser as RGB from −1 to 1, and comes out as it gives it', async () => {
    const { photo, landmarks } = face();
    const data = Uint8Array.from(photo.data, (_, i) => [255, 0, 51][i % 3]!);
    const file = await recogniser(512, 'colours.onnx');

    const values = await valuesOf(embedding(file, { normalise: false }), { photo: { ...photo, data }, landmarks });

    values.forEach((value, i) => {
      expect(value).toBeCloseTo(Math.sin(3 * i) - Math.sin(3 * i + 1) - 0.6 * Math.sin(3 * i + 2), 4);
    });
  });

  test('is brought into the form that the network takes: converted, of length 1, times a matrix', async () => {
    const [file, reverse] = [await recogniser(512, 'form.onnx'), await reversing('reverse.onnx')];
    const raw = await valuesOf(embedding(file, { normalise: false }));
    const length = Math.hypot(...raw);
    const near = (values: Float32Array, expected: (i: number) => number) =>
      values.forEach((value, i) => expect(value).toBeCloseTo(expected(i), 5));

    near(await valuesOf(embedding(file)), (i) => raw[i]! / length);
    near(await valuesOf(embedding(file, { converter: reverse, normalise: false })), (i) => 2 * raw[511 - i]!);
    near(await valuesOf(embedding(file, { matrix: reverse })), (i) => (2 * raw[511 - i]!) / length);
    near(await valuesOf(embedding(file, { converter: reverse, matrix: reverse })), (i) => (2 * raw[i]!) / length);
    const half = await reversing('reverse-half.onnx', 'float16');
    near(await valuesOf(embedding(file, { matrix: half })), (i) => (2 * raw[511 - i]!) / length);
  });

  test('is nearly the same for the same photo at half its size', async () => {
    const file = await recogniser(512, 'same.onnx');
    const [large, small] = await Promise.all([1, 0.5].map((factor) => valuesOf(embedding(file), face(factor))));
    large!.forEach((value, i) => expect(Math.abs(value - small![i]!)).toBeLessThan(0.02));
  });

  test('is refused with a clear code where the recogniser is missing, no model, or another kind of one', async () => {
    const wrong = await recogniser(192, 'short.onnx');
    const text = join(folder, 'text.onnx');
    await writeFile(text, 'no model');
    await expect(valuesOf(embedding(await recogniser(512, 'm.onnx'), { matrix: wrong }))).rejects.toMatchObject({
      code: 'model_unsupported',
    });
    const made = (file: string) => sourcesOf(face(), [embedding(file)], new Embedder());

    await expect(made(join(folder, 'missing.onnx'))).rejects.toMatchObject({ code: 'asset_missing' });
    await expect(made(text)).rejects.toMatchObject({ code: 'model_unsupported' });
    await expect(made(wrong)).rejects.toMatchObject({ code: 'model_unsupported' });
  });
});

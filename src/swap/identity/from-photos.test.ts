import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flat } from '../../../test/support/picture-files.ts';
import { markedPortrait, scaled, TEST_CONSENT } from '../../../test/support/portraits.ts';
import { FaceModels } from '../../face/models.ts';
import type { Rgb } from '../../media/plane.ts';
import { OnnxGraph } from '../../onnx/graph/onnx-graph.ts';
import { Embedder } from '../neural/embedder.ts';
import type { RecipeFace } from '../neural/recipe.ts';
import { identityFromPhotos, MOST_PHOTOS, type IdentityFromPhotos } from './from-photos.ts';

let models: FaceModels;
let folder: string;
let recipes: readonly RecipeFace[];

/** A stand-in for a recogniser, to which faces are alike if their tint is: [red − green, green − blue, 0, …] of their mean. */
function tintRecogniser(): Uint8Array {
  const graph = new OnnxGraph();
  const mean = graph.node('GlobalAveragePool', [graph.input('input', [1, 3, 112, 112])]);
  const weights = new Float32Array(512 * 3);
  weights.set([1, -1, 0, 0, 1, -1]);
  const mixed = graph.node('Conv', [mean, graph.floats([512, 3, 1, 1], weights)]);
  graph.output('embedding', graph.node('Flatten', [mixed]), [1, 512]);
  return graph.finish();
}

beforeAll(async () => {
  models = await FaceModels.open();
  folder = await mkdtemp(join(tmpdir(), 'guise-photos-'));
  const embedder = join(folder, 'recogniser.onnx');
  await writeFile(embedder, tintRecogniser());
  recipes = [
    {
      name: 'raw',
      size: 128,
      template: 'arcface_128',
      source: { kind: 'embedding', embedder, normalise: false },
    },
    {
      name: 'image',
      size: 64,
      template: 'arcface_128',
      source: { kind: 'image', size: 64, template: 'arcface_128' },
    },
  ];
});
afterAll(async () => {
  await models.close();
  await rm(folder, { recursive: true });
});

const make = (...photos: readonly Rgb[]): Promise<IdentityFromPhotos> =>
  identityFromPhotos(
    photos.map((photo) => () => photo),
    { models, recipes, embedder: new Embedder(), consent: TEST_CONSENT },
  );
const embeddingOf = ({ identity }: IdentityFromPhotos): number[] => [
  ...new Float32Array(identity.sources!.get('raw')!.bytes.slice().buffer).subarray(0, 2),
];

/** Warmer than it was, or where `by` is below 0 of another colour altogether. */
function tinted({ width, height, data }: Rgb, by: number): Rgb {
  const tint = [by, 0, -by];
  return { width, height, data: Uint8Array.from(data, (value, k) => Math.max(0, Math.min(255, value + tint[k % 3]!))) };
}

describe('an identity of several photos', () => {
  test('has the mean of their embeddings, and texture and images of the best', async () => {
    const good = markedPortrait('hopper').picture;
    const dim = { ...good, data: good.data.map((value) => value * 0.3) };
    const [first, second, both] = [await make(dim), await make(tinted(good, 8)), await make(dim, tinted(good, 8))];

    const [one, two, mean] = [embeddingOf(first), embeddingOf(second), embeddingOf(both)];
    expect(Math.abs(one[0]! - two[0]!)).toBeGreaterThan(0.01);
    mean.forEach((value, i) => expect(value).toBeCloseTo((one[i]! + two[i]!) / 2, 5));
    expect(first.warnings.map(({ code }) => code)).toEqual(['photo_dark']);
    expect(both.warnings).toEqual([]);
    expect(both.identity.y).toEqual(second.identity.y);
    expect(both.identity.sources!.get('image')!.hash).toBe(second.identity.sources!.get('image')!.hash);
    expect(both.identity.id).not.toBe(second.identity.id);
  });

  test('has one consent that says how many it covers', async () => {
    const good = markedPortrait('hopper').picture;

    expect((await make(good)).identity.consent).toEqual(TEST_CONSENT);
    expect((await make(good, good)).identity.consent).toEqual({ ...TEST_CONSENT, photos: 2 });
  });

  test('leaves out those that cannot be used, and says which and why', async () => {
    const good = markedPortrait('hopper').picture;
    const made = await make(flat(320, 240, [90, 120, 90]), good, scaled(markedPortrait('hopper'), 0.3).picture);

    expect(made.refusals.map(({ photo, code }) => [photo, code])).toEqual([
      [1, 'photo_no_face'],
      [3, 'photo_face_small'],
    ]);
    expect(made.identity.id).toBe((await make(good)).identity.id);
    expect(made.identity.consent).toEqual(TEST_CONSENT);
  });

  test('is not made of photos of different people, of none that can be used, or of too many', async () => {
    const good = markedPortrait('hopper').picture;
    const blank = flat(320, 240, [90, 120, 90]);

    await expect(make(good, good, tinted(good, -60))).rejects.toMatchObject({
      code: 'photo_other_person',
      message: expect.stringContaining('photo 3') as string,
    });
    await expect(make(blank, blank)).rejects.toMatchObject({ code: 'photo_no_face' });
    const many = make(...Array<Rgb>(MOST_PHOTOS + 1).fill(good));
    await expect(many).rejects.toMatchObject({ code: 'photo_too_many' });
  });
});

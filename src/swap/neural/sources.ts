import type { I420, Rgb } from '../../media/plane.ts';
import { sha256 } from '../../onnx/digest.ts';
import { Cutter, cutRgb } from './align/cutter.ts';
import { fivePoints } from './align/five-points.ts';
import { fitSimilarity, invert } from './align/similarity.ts';
import { templatePoints, type TemplateName } from './align/templates.ts';
import type { CropSource } from './crop-lane.ts';
import type { Embedder } from './embedder.ts';
import { meanOf } from './likeness.ts';
import type { RecipeFace } from './recipe.ts';
import { GatewayError } from '../../errors.ts';

/** Side and template of what recognisers of the ArcFace family take. */
const RECOGNISED = { size: 112, template: 'arcface_112_v2' } as const;

/** A face in a photo. */
export interface FaceInPhoto {
  readonly photo: Rgb;
  /** 478 × (x, y, z) pixels of the photo. */
  readonly landmarks: Float32Array;
}

/** Embeddings of faces as each recogniser gives them, by its file. */
export type Recognised<Embedding> = ReadonlyMap<string, Embedding>;

/** The file of the recogniser that tells faces apart: that of the first recipe that has one. */
export function recogniserOf(recipes: readonly RecipeFace[]): string | undefined {
  return recipes.flatMap(({ source }) => (source.kind === 'embedding' ? [source.embedder] : []))[0];
}

/** The same of a face in a frame; `undefined` if it lies nowhere. */
export function recognisableIn(picture: I420, landmarks: Float32Array): Uint8Array | undefined {
  const { size, template } = RECOGNISED;
  const toCrop = fitSimilarity(fivePoints(landmarks), templatePoints(template, size));
  if (toCrop === undefined) return undefined;
  const crop = new Uint8Array(size * size * 3);
  new Cutter(size).cut(picture, invert(toCrop), crop);
  return crop;
}

/** A face as recognisers take it: [112, 112, 3] uint8, RGB. @throws GatewayError photo_no_face */
export function recognisable(face: FaceInPhoto): Uint8Array {
  return alignedPhoto(face, RECOGNISED);
}

/**
 * What each recogniser of these recipes makes of faces; each runs once for a face. Takes its time: never in a thread with live
 * sessions.
 * @param crops as `recognisable` makes them
 * @throws GatewayError asset_missing, model_unsupported
 */
export async function recogniseAll(
  crops: readonly Uint8Array[],
  recipes: readonly RecipeFace[],
  embedder: Embedder,
): Promise<Recognised<readonly Float32Array[]>> {
  const files = new Set(recipes.flatMap(({ source }) => (source.kind === 'embedding' ? [source.embedder] : [])));
  const recognised = new Map<string, readonly Float32Array[]>();
  for (const file of files) {
    const embeddings: Float32Array[] = [];
    for (const crop of crops) embeddings.push(await embedder.recognise(file, crop));
    recognised.set(file, embeddings);
  }
  return recognised;
}

/** The mean of each recogniser's. */
export function meansOf(recognised: Recognised<readonly Float32Array[]>): Recognised<Float32Array> {
  return new Map([...recognised].map(([file, embeddings]) => [file, meanOf(embeddings)]));
}

/**
 * What the networks of each recipe take of a photo, by the recipe's name. Takes its time: never in a thread with live sessions.
 * @param recognised what their recognisers made of the person; left out: what they make of this face
 * @throws GatewayError asset_missing, model_unsupported if a recogniser cannot be used
 */
export async function sourcesOf(
  face: FaceInPhoto,
  recipes: readonly RecipeFace[],
  embedder: Embedder,
  recognised?: Recognised<Float32Array>,
): Promise<ReadonlyMap<string, CropSource>> {
  const known = recognised ?? meansOf(await recogniseAll([recognisable(face)], recipes, embedder));
  const sources = new Map<string, CropSource>();
  for (const { name, source } of recipes) {
    const bytes =
      source.kind === 'image'
        ? alignedPhoto(face, source)
        : await embedder.sourceOf(source, known.get(source.embedder)!);
    sources.set(name, { hash: sha256(bytes), bytes });
  }
  return sources;
}

/** [size, size, 3] uint8, RGB. */
function alignedPhoto(
  { photo, landmarks }: FaceInPhoto,
  { size, template }: { readonly size: number; readonly template: TemplateName },
): Uint8Array {
  const toCrop = fitSimilarity(fivePoints(landmarks), templatePoints(template, size));
  if (toCrop === undefined) throw new GatewayError('photo_no_face', 'the face in the photo must be found whole');
  return cutRgb(photo, invert(toCrop), size);
}

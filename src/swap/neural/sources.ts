import { createHash } from 'node:crypto';
import type { Rgb } from '../../media/plane.ts';
import { cutRgb } from './align/cutter.ts';
import { fivePoints } from './align/five-points.ts';
import { fitSimilarity, invert } from './align/similarity.ts';
import { templatePoints, type TemplateName } from './align/templates.ts';
import type { CropSource } from './crop-lane.ts';
import type { Embedder } from './embedder.ts';
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

/**
 * What the networks of each recipe take of a photo, by the recipe's name. Takes its time: never in a thread with live sessions.
 * @throws GatewayError asset_missing, model_unsupported if an embedder cannot be used
 */
export async function sourcesOf(
  face: FaceInPhoto,
  recipes: readonly RecipeFace[],
  embedder: Embedder,
): Promise<ReadonlyMap<string, CropSource>> {
  const sources = new Map<string, CropSource>();
  for (const { name, source } of recipes) {
    const bytes =
      source.kind === 'image'
        ? alignedPhoto(face, source)
        : await embedder.embed(source, alignedPhoto(face, RECOGNISED));
    sources.set(name, { hash: createHash('sha256').update(bytes).digest('hex'), bytes });
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

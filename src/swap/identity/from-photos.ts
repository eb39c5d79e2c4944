import { createHash } from 'node:crypto';
import { GatewayError, type ErrorCode } from '../../errors.ts';
import { findFaces } from '../../face/find-faces.ts';
import type { FaceModels } from '../../face/models.ts';
import type { Rgb } from '../../media/plane.ts';
import type { Embedder } from '../neural/embedder.ts';
import { oddOneOut } from '../neural/likeness.ts';
import type { RecipeFace } from '../neural/recipe.ts';
import { meansOf, recogniseAll, recognisable, recogniserOf, sourcesOf } from '../neural/sources.ts';
import type { Consent, PreparedIdentity } from '../swap.ts';
import { prepareFound, type PreparedPhoto } from './prepare.ts';

/** Photos that one identity is made of at most: more add nothing to a mean. */
export const MOST_PHOTOS = 10;

/** A photo that cannot be used. */
export interface PhotoRefusal {
  /** Its place among those given, from 1. */
  readonly photo: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** An identity made of photos, with what the networks of each recipe take of them. */
export interface IdentityFromPhotos extends Pick<PreparedPhoto, 'warnings' | 'thumbnail'> {
  readonly identity: PreparedIdentity;
  /** Photos that were left out. */
  readonly refusals: readonly PhotoRefusal[];
}

export interface FromPhotosOptions {
  readonly models: FaceModels;
  /** Whose sources are made. */
  readonly recipes: readonly RecipeFace[];
  readonly embedder: Embedder;
  readonly consent: Consent;
}

/** A photo that can be used. */
interface Usable extends PreparedPhoto {
  readonly picture: Rgb;
}

/**
 * Makes an identity of photos of one person: the mesh's texture, and images for networks, of the best of them; embeddings are the
 * mean over all. Photos that cannot be used are left out. Of several faces in one of several photos the largest is
 * meant; a single photo must show one face.
 * @param photos reads each, when its turn comes: pictures are large, and only the best is kept
 * @throws GatewayError photo_too_many; photo_other_person if they show different people; if none can be used, the refusal of the
 * first; asset_missing, model_unsupported if a recogniser cannot be used
 */
export async function identityFromPhotos(
  photos: readonly (() => Rgb)[],
  options: FromPhotosOptions,
): Promise<IdentityFromPhotos> {
  if (photos.length > MOST_PHOTOS) {
    const message = `an identity is made of at most ${MOST_PHOTOS} photos, choose the best [photos:${photos.length}]`;
    throw new GatewayError('photo_too_many', message);
  }
  const { best, crops, refusals } = await judgeAll(photos, options);
  const { recipes, embedder } = options;
  const recognised = await recogniseAll([...crops.values()], recipes, embedder);
  for (const embeddings of recognised.values()) judgeOnePerson(embeddings, [...crops.keys()]);
  const face = { photo: best.picture, landmarks: best.landmarks };
  const means = meansOf(recognised);
  const sources = await sourcesOf(face, recipes, embedder, means);
  const likeness = means.get(recogniserOf(recipes) ?? '');
  const { warnings, thumbnail } = best;
  const identity = { ...identityOf(best, [...crops.values()]), sources, ...(likeness && { likeness }) };
  return { identity, warnings, thumbnail, refusals };
}

/** Judges each; `crops` has, by the number of each photo that can be used, its face as recognisers take it. */
async function judgeAll(
  photos: readonly (() => Rgb)[],
  { models, consent }: FromPhotosOptions,
): Promise<{ best: Usable; crops: ReadonlyMap<number, Uint8Array>; refusals: readonly PhotoRefusal[] }> {
  let best: Usable | undefined;
  const crops = new Map<number, Uint8Array>();
  const refusals: PhotoRefusal[] = [];
  for (const [index, read] of photos.entries()) {
    const number = index + 1;
    try {
      const picture = read();
      const found = await findFaces(models, picture);
      const faces = photos.length > 1 ? found.slice(0, 1) : found;
      const prepared = prepareFound(picture, faces, consent, models.geometry);
      crops.set(number, recognisable({ photo: picture, landmarks: prepared.landmarks }));
      if (best === undefined || isBetter(prepared, best)) best = { ...prepared, picture };
    } catch (error) {
      if (!(error instanceof GatewayError) || !error.code.startsWith('photo_') || photos.length === 1) throw error;
      refusals.push({ photo: number, code: error.code, message: error.message });
    }
  }
  if (best === undefined) throw noneUsable(refusals);
  return { best, crops, refusals };
}

/** The one with less to find fault with, then the one that looks into the camera more. */
function isBetter(one: PreparedPhoto, other: PreparedPhoto): boolean {
  const faults = one.warnings.length - other.warnings.length;
  return faults < 0 || (faults === 0 && one.turned < other.turned);
}

/** @throws GatewayError photo_other_person */
function judgeOnePerson(embeddings: readonly Float32Array[], numbers: readonly number[]): void {
  const odd = oddOneOut(embeddings);
  if (odd === undefined) return;
  throw new GatewayError(
    'photo_other_person',
    `the photos must show one person; photo ${numbers[odd.index]} looks like somebody else [likeness:${odd.likeness.toFixed(2)}]`,
  );
}

function noneUsable(refusals: readonly PhotoRefusal[]): GatewayError {
  const [first] = refusals;
  if (first === undefined) return new GatewayError('photo_empty', 'there must be at least one photo');
  return new GatewayError(first.code, refusals.map(({ photo, message }) => `photo ${photo}: ${message}`).join('; '));
}

/** Of several photos the id is theirs together, and the consent says how many it covers. */
function identityOf({ identity }: PreparedPhoto, crops: readonly Uint8Array[]): PreparedIdentity {
  const { consent } = identity;
  if (crops.length === 1 || consent === undefined) return identity;
  const hash = createHash('sha256').update(identity.id);
  for (const crop of crops) hash.update(crop);
  return { ...identity, id: hash.digest('hex'), consent: { ...consent, photos: crops.length } };
}

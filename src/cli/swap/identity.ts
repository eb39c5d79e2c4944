import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readPicture } from '../../codec/picture/read.ts';
import { assert, GatewayError } from '../../errors.ts';
import type { FaceModels } from '../../face/models.ts';
import { identityFromPhotos } from '../../swap/identity/from-photos.ts';
import { MaskBox, MASKS } from '../../swap/masks/paint.ts';
import { Embedder } from '../../swap/neural/embedder.ts';
import type { RecipeFace } from '../../swap/neural/recipe.ts';
import type { Rgb } from '../../media/plane.ts';
import type { Consent, PreparedIdentity } from '../../swap/swap.ts';
import { wallClock } from '../../time.ts';
import { note, type Terminal } from '../terminal.ts';
import { isPictureEnding } from './swap-picture.ts';

/** Longest side of a photo that faces are looked for in; the texture needs no more. */
const FIT_SIDE = 2048;

/** Who is put on, as the command line says it. */
export interface IdentityChoice {
  /** `mask:NAME`, or files of photos of one person and folders of them. */
  readonly identity: readonly string[];
  /** Who is in the photo. */
  readonly subject?: string | undefined;
  /** Who states that the subject agreed. */
  readonly grantedBy?: string | undefined;
}

/** A choice that was judged: what is left to do takes the models. */
export type JudgedIdentity =
  | { readonly kind: 'mask'; readonly name: string }
  | { readonly kind: 'photos'; readonly photos: readonly Photo[]; readonly consent: Consent };

interface Photo {
  readonly file: string;
  readonly read: () => Rgb;
}

/**
 * Judges all about an identity that needs no models, so that a mistake is told at once. Consent is asked for before a
 * photo is even opened.
 * @throws GatewayError identity_unknown, consent_missing, photo_empty, photo_too_large, photo_unreadable
 */
export function judgeIdentity(choice: IdentityChoice): JudgedIdentity {
  const [only = '', ...others] = choice.identity;
  if (only.startsWith('mask:') && others.length === 0) {
    const name = only.slice('mask:'.length);
    if (MASKS.some((mask) => mask.name === name)) return { kind: 'mask', name };
    throw unknown(only);
  }
  const consent = requireConsent(choice);
  const photos = choice.identity.flatMap(photosAt).map((file) => ({ file, read: () => readPhoto(file) }));
  const [first, ...more] = photos;
  if (first === undefined) throw unknown(choice.identity.join(', '));
  if (more.length > 0) return { kind: 'photos', photos, consent };
  const photo = first.read();
  return { kind: 'photos', photos: [{ ...first, read: () => photo }], consent };
}

/** The file itself, or the pictures of a folder by their names. */
function photosAt(path: string): string[] {
  if (!existsSync(path)) throw unknown(path);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter(isPictureEnding)
    .sort()
    .map((name) => join(path, name));
}

function readPhoto(file: string): Rgb {
  return readPicture(readFileSync(file), { fitSide: FIT_SIDE });
}

/**
 * Makes a judged identity ready; what a photo could do better is told, and which of several cannot be used.
 * @param options.recipes whose sources are made of photos
 * @throws GatewayError photo_…
 */
export async function loadIdentity(
  models: FaceModels,
  judged: JudgedIdentity,
  { terminal, recipes = [] }: { readonly terminal: Terminal; readonly recipes?: readonly RecipeFace[] },
): Promise<PreparedIdentity> {
  if (judged.kind === 'mask') {
    const mask = new MaskBox(models.geometry).mask(judged.name);
    assert(mask, 'a mask that is listed can be painted');
    return mask;
  }
  const { photos, consent } = judged;
  const options = { models, recipes, embedder: new Embedder(), consent };
  const { identity, warnings, refusals } = await identityFromPhotos(
    photos.map(({ read }) => read),
    options,
  );
  for (const { photo, code, message } of refusals) {
    note(terminal, `not used: ${photos[photo - 1]!.file} [${code}] ${message}`);
  }
  for (const { code, message } of warnings) note(terminal, `note [${code}] ${message}`);
  return identity;
}

function requireConsent({ subject, grantedBy }: IdentityChoice): Consent {
  if (subject && grantedBy) return { subject, grantedBy, grantedAt: new Date(wallClock()).toISOString() };
  throw new GatewayError(
    'consent_missing',
    'a photo shows a person who must have agreed; state who is shown and who says that they agreed: ' +
      '--subject "NAME" --granted-by "NAME"',
  );
}

function unknown(identity: string): GatewayError {
  const masks = MASKS.map(({ name }) => `mask:${name}`).join(', ');
  return new GatewayError('identity_unknown', `the identity must be a photo or one of ${masks} [identity:${identity}]`);
}

import { existsSync, readFileSync, statSync } from 'node:fs';
import { readPicture } from '../../codec/picture/read.ts';
import { assert, GatewayError } from '../../errors.ts';
import type { FaceModels } from '../../face/models.ts';
import { prepareIdentity } from '../../swap/identity/prepare.ts';
import { MaskBox, MASKS } from '../../swap/masks/paint.ts';
import type { Rgb } from '../../media/plane.ts';
import type { Consent, PreparedIdentity } from '../../swap/swap.ts';
import { wallClock } from '../../time.ts';
import { note, type Terminal } from '../terminal.ts';

/** Longest side of a photo that faces are looked for in; the texture needs no more. */
const FIT_SIDE = 2048;

/** Who is put on, as the command line says it. */
export interface IdentityChoice {
  /** `mask:NAME` or a photo's file. */
  readonly identity: string;
  /** Who is in the photo. */
  readonly subject?: string | undefined;
  /** Who states that the subject agreed. */
  readonly grantedBy?: string | undefined;
}

/** A choice that was judged: what is left to do takes the models. */
export type JudgedIdentity =
  | { readonly kind: 'mask'; readonly name: string }
  | { readonly kind: 'photo'; readonly photo: Rgb; readonly consent: Consent };

/**
 * Judges all about an identity that needs no models, so that a mistake is told at once. Consent is asked for before a
 * photo is even opened.
 * @throws GatewayError identity_unknown, consent_missing, photo_empty, photo_too_large, photo_unreadable
 */
export function judgeIdentity(choice: IdentityChoice): JudgedIdentity {
  const { identity } = choice;
  if (identity.startsWith('mask:')) {
    const name = identity.slice('mask:'.length);
    if (MASKS.some((mask) => mask.name === name)) return { kind: 'mask', name };
    throw unknown(identity);
  }
  const consent = requireConsent(choice);
  if (!existsSync(identity) || statSync(identity).isDirectory()) throw unknown(identity);
  return { kind: 'photo', photo: readPicture(readFileSync(identity), { fitSide: FIT_SIDE }), consent };
}

/**
 * Makes a judged identity ready; what a photo could do better is told.
 * @throws GatewayError photo_…
 */
export async function loadIdentity(
  models: FaceModels,
  judged: JudgedIdentity,
  terminal: Terminal,
): Promise<PreparedIdentity> {
  if (judged.kind === 'mask') {
    const mask = new MaskBox(models.geometry).mask(judged.name);
    assert(mask, 'a mask that is listed can be painted');
    return mask;
  }
  const { identity, warnings } = await prepareIdentity(models, judged.photo, judged.consent);
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

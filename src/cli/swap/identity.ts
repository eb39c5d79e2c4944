import { existsSync, readFileSync } from 'node:fs';
import { readPicture } from '../../codec/picture/read.ts';
import { GatewayError } from '../../errors.ts';
import type { FaceModels } from '../../face/models.ts';
import { prepareIdentity } from '../../swap/identity/prepare.ts';
import { MaskBox, MASKS } from '../../swap/masks/paint.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
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

/**
 * Makes the chosen identity ready.
 * @throws GatewayError identity_unknown, consent_missing, photo_…
 */
export async function loadIdentity(
  models: FaceModels,
  choice: IdentityChoice,
  terminal: Terminal,
): Promise<PreparedIdentity> {
  if (choice.identity.startsWith('mask:')) return paintedMask(models, choice.identity.slice('mask:'.length));
  const { subject, grantedBy } = requireConsent(choice);
  if (!existsSync(choice.identity)) {
    throw new GatewayError(
      'identity_unknown',
      `the identity must be a photo or ${maskNames()} [file:${choice.identity}]`,
    );
  }
  const photo = readPicture(readFileSync(choice.identity), { fitSide: FIT_SIDE });
  const grantedAt = new Date(wallClock()).toISOString();
  const { identity, warnings } = await prepareIdentity(models, photo, { subject, grantedBy, grantedAt });
  for (const { code, message } of warnings) note(terminal, `note [${code}] ${message}`);
  return identity;
}

function paintedMask(models: FaceModels, name: string): PreparedIdentity {
  const mask = new MaskBox(models.geometry).mask(name);
  if (mask) return mask;
  throw new GatewayError('identity_unknown', `the identity must be a photo or ${maskNames()} [mask:${name}]`);
}

/** A photo shows a person, who must have agreed: asked before the photo is even opened. */
function requireConsent({ subject, grantedBy }: IdentityChoice): { subject: string; grantedBy: string } {
  if (subject && grantedBy) return { subject, grantedBy };
  throw new GatewayError(
    'consent_missing',
    'a photo shows a person who must have agreed; state who is shown and who says that they agreed: ' +
      '--subject "NAME" --granted-by "NAME"',
  );
}

function maskNames(): string {
  return `one of ${MASKS.map(({ name }) => `mask:${name}`).join(', ')}`;
}

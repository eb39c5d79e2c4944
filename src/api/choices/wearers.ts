import { GatewayError } from '../../errors.ts';
import type { ChosenIdentity, ChosenWearer } from '../../worker/wire/cast-bytes.ts';
import type { SessionSettings } from '../../worker/wire/protocol.ts';
import type { WearerChoice } from '../messages.ts';

/** Faces that are looked at beside those that are sought, to find them. */
const BESIDE = 2;
/** Most faces that are followed. */
const MOST_FACES = 8;

/** How many faces must be followed for these wearers. */
export function facesFor(wearers: readonly WearerChoice[]): number {
  // One face alone would be the first from either side.
  const places = wearers.map(({ position }) =>
    position === undefined ? 0 : Math.max(2, Math.abs(placeOf(position)!)),
  );
  const sought = wearers.filter(({ position, like }) => position !== undefined || like !== undefined).length;
  const beside = wearers.some(({ like }) => like !== undefined) ? BESIDE : 0;
  return Math.min(MOST_FACES, Math.max(1, sought, ...places) + beside);
}

/**
 * Who wears whom, as a media worker takes it.
 * @param find the identity of an id; throws identity_unknown
 * @throws GatewayError identity_unknown; policy_not_allowed if a face is to be left alone under another policy than `always`;
 * unsupported if somebody is to be recognised and no recogniser knows them; state_invalid if fewer faces are followed than it takes
 */
export function wearersFor(
  wearers: readonly WearerChoice[],
  { policy, faces }: Pick<SessionSettings, 'policy' | 'faces'>,
  find: (id: string) => ChosenIdentity,
): readonly ChosenWearer[] {
  const places = Math.max(0, ...wearers.map(({ position }) => Math.abs(placeOf(position) ?? 0)));
  if (places > faces) {
    throw new GatewayError('state_invalid', `hello must ask for as many faces as places are named [faces:${faces}]`);
  }
  return wearers.map(({ identity, position, like }) => {
    if (identity === 'own' && policy !== 'always') {
      throw new GatewayError('policy_not_allowed', 'a face is left alone under the policy always only');
    }
    return {
      identity: identity === null || identity === 'own' ? identity : find(identity),
      position: placeOf(position),
      like: like === undefined ? undefined : recognisable(find(like)),
    };
  });
}

function placeOf(position: WearerChoice['position']): number | undefined {
  if (position === 'left') return 1;
  return position === 'right' ? -1 : position;
}

function recognisable(identity: ChosenIdentity): Exclude<ChosenWearer['like'], undefined> {
  if (identity !== null && typeof identity !== 'string' && identity.head.likeness === true) return identity;
  const message = 'like must be an uploaded photo, in a gateway with a recogniser (a recipe with an embedder)';
  throw new GatewayError('unsupported', message);
}

import { GatewayError } from '../../errors.ts';
import type { ChosenCast, ChosenIdentity } from '../../worker/wire/cast-bytes.ts';
import type { WearerChoice } from '../messages.ts';

/** Who is worn from the start. */
export interface FirstCast {
  readonly identity: ChosenIdentity;
  /** Its id; null if nobody is worn. */
  readonly worn: string | null;
  readonly wearers: ChosenCast['wearers'];
  /** Why somebody who was asked for is not worn. */
  readonly missing: GatewayError | undefined;
}

/** Ways to find who is asked for. Both throw GatewayError identity_unknown. */
export interface Finding {
  readonly identity: (id: string) => ChosenIdentity;
  readonly wearers: (wearers: readonly WearerChoice[]) => ChosenCast['wearers'];
}

/** Finds whom a new session asks for. Who comes back with an identity that has expired is hidden and told, not turned away. */
export function firstCast(
  { identity: id, wearers }: { readonly identity?: string | undefined; readonly wearers?: WearerChoice[] | undefined },
  find: Finding,
): FirstCast {
  const own = orHidden<ChosenIdentity>(() => (id === undefined ? null : find.identity(id)), null);
  // Of wearers one that is missing hides all faces, until they are chosen anew.
  const others = orHidden(() => (wearers === undefined ? undefined : find.wearers(wearers)), [{ identity: null }]);
  const worn = own.missing === undefined ? (id ?? null) : null;
  return { identity: own.found, worn, wearers: others.found, missing: own.missing ?? others.missing };
}

function orHidden<Found>(find: () => Found, hidden: Found): { found: Found; missing?: GatewayError } {
  try {
    return { found: find() };
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'identity_unknown') return { found: hidden, missing: error };
    throw error;
  }
}

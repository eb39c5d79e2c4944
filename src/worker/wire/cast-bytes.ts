import { GatewayError } from '../../errors.ts';
import type { Wearer } from '../../session/cast/cast.ts';
import type { WornIdentity } from '../../session/pixel.ts';
import { identityBytes, LIKENESS_BYTES, unpackIdentity, type PackedIdentity } from './identity-bytes.ts';
import type { IdentityReference, WearerReference } from './protocol.ts';

/** A painted mask by name, an identity made from a photo, or nobody: then every face is hidden. */
export type ChosenIdentity = `mask:${string}` | PackedIdentity | null;

/** Which face wears whom, as the gateway knows it. */
export interface ChosenWearer {
  /** `own`: it is left alone. */
  readonly identity: ChosenIdentity | 'own';
  /** From 1 from the left, from −1 from the right. */
  readonly position?: number | undefined;
  /** Whose face it is. */
  readonly like?: PackedIdentity | undefined;
}

/** Who is worn by whom; what is left out stays as it is. */
export interface ChosenCast {
  readonly identity?: ChosenIdentity | undefined;
  readonly wearers?: readonly ChosenWearer[] | undefined;
}

/** The same as a message names it. */
interface CastReference {
  readonly identity?: IdentityReference | undefined;
  readonly wearers?: readonly WearerReference[] | undefined;
}

/** A cast for the wire: its names, and the bytes of all identities and likenesses in their order. */
export function packCast({ identity, wearers }: ChosenCast): { body: CastReference; payload: readonly Uint8Array[] } {
  const payload: Uint8Array[] = [];
  const refer = (chosen: ChosenIdentity): IdentityReference => {
    if (chosen === null || typeof chosen === 'string') return chosen;
    payload.push(chosen.bytes);
    return chosen.head;
  };
  const body = {
    identity: identity === undefined ? undefined : refer(identity),
    wearers: wearers?.map(({ identity: worn, position, like }): WearerReference => {
      const reference = worn === 'own' ? worn : refer(worn);
      if (like) payload.push(like.bytes.subarray(-LIKENESS_BYTES));
      return { identity: reference, ...(position !== undefined && { position }), likeness: like !== undefined };
    }),
  };
  return { body, payload };
}

/**
 * Puts a cast together again; planes are views of `payload`.
 * @throws GatewayError message_invalid if the bytes are too few or too many
 */
export function unpackCast(
  { identity, wearers }: CastReference,
  payload: Uint8Array,
): { identity?: WornIdentity; wearers?: readonly Wearer<WornIdentity | 'own'>[] } {
  let at = 0;
  const take = (bytes: number): Uint8Array => payload.subarray(at, (at += bytes));
  const resolve = (reference: IdentityReference): WornIdentity =>
    reference === null || typeof reference === 'string'
      ? reference
      : unpackIdentity(reference, take(identityBytes(reference)));
  const cast = {
    ...(identity !== undefined && { identity: resolve(identity) }),
    ...(wearers && {
      wearers: wearers.map(({ identity: worn, position, likeness }) => ({
        identity: worn === 'own' ? worn : resolve(worn),
        ...(position !== undefined && { position }),
        ...(likeness && { likeness: likenessOf(take(LIKENESS_BYTES)) }),
      })),
    }),
  };
  if (at !== payload.length)
    throw new GatewayError('message_invalid', `a cast must come whole [bytes:${payload.length}]`);
  return cast;
}

/** Copied, since float32 must lie on a multiple of four. */
function likenessOf(bytes: Uint8Array): Float32Array {
  const likeness = new Float32Array(LIKENESS_BYTES / 4);
  new Uint8Array(likeness.buffer).set(bytes);
  return likeness;
}

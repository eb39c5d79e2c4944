import { GatewayError } from '../../errors.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import type { IdentityHead } from './protocol.ts';

/** Mesh points of a texture: 468 × (x, y), float32. */
const POINT_BYTES = 468 * 2 * 4;

/** A likeness: 512 numbers, float32. */
export const LIKENESS_BYTES = 512 * 4;

/** A prepared identity as the gateway keeps it: it never looks into the bytes. */
export interface PackedIdentity {
  readonly head: IdentityHead;
  /** Planes y, u, v of `width * height` bytes each, then the points, float32 little endian, then the sources as the head lists them, then the likeness. */
  readonly bytes: Uint8Array;
}

/** Bytes of an identity with this head. */
export function identityBytes({ width, height, sources = [], likeness }: IdentityHead): number {
  const fixed = 3 * width * height + POINT_BYTES + (likeness ? LIKENESS_BYTES : 0);
  return sources.reduce((sum, { bytes }) => sum + bytes, fixed);
}

/** Takes an identity apart for the wire; the parts are views of it. */
export function packIdentity(identity: PreparedIdentity): { head: IdentityHead; parts: readonly Uint8Array[] } {
  const { id, kind, width, height, consent, y, u, v, points, likeness } = identity;
  const listed = [...(identity.sources ?? [])];
  const sources = listed.map(([recipe, { hash, bytes }]) => ({ recipe, hash, bytes: bytes.length }));
  return {
    head: {
      ...{ id, kind, width, height },
      ...(consent === undefined ? {} : { consent }),
      ...(sources.length === 0 ? {} : { sources }),
      ...(likeness && { likeness: true }),
    },
    parts: [
      ...[y, u, v, new Uint8Array(points.buffer, points.byteOffset, points.byteLength)],
      ...listed.map(([, { bytes }]) => bytes),
      ...(likeness ? [new Uint8Array(likeness.buffer, likeness.byteOffset, likeness.byteLength)] : []),
    ],
  };
}

/**
 * Puts an identity together again; its planes are views of `bytes`.
 * @throws GatewayError message_invalid if the bytes are too few or too many
 */
export function unpackIdentity(head: IdentityHead, bytes: Uint8Array): PreparedIdentity {
  const plane = head.width * head.height;
  if (bytes.length !== identityBytes(head)) {
    throw new GatewayError('message_invalid', `identity must have the bytes its size asks for [bytes:${bytes.length}]`);
  }
  // Copied, since float32 must lie on a multiple of four.
  const points = new Float32Array(POINT_BYTES / 4);
  new Uint8Array(points.buffer).set(bytes.subarray(3 * plane, 3 * plane + POINT_BYTES));
  let at = 3 * plane + POINT_BYTES;
  const { id, kind, width, height, consent, sources } = head;
  const taken = sources?.map(
    ({ recipe, hash, bytes: length }) => [recipe, { hash, bytes: bytes.subarray(at, (at += length)) }] as const,
  );
  return {
    ...{ id, kind, width, height },
    y: bytes.subarray(0, plane),
    u: bytes.subarray(plane, 2 * plane),
    v: bytes.subarray(2 * plane, 3 * plane),
    points,
    ...(consent === undefined ? {} : { consent }),
    ...(taken === undefined ? {} : { sources: new Map(taken) }),
  };
}

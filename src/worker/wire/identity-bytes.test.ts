import { describe, expect, test } from 'vitest';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { identityBytes, packIdentity, unpackIdentity } from './identity-bytes.ts';
import { identityHeadSchema } from './protocol.ts';

function identity(width: number, height: number): PreparedIdentity {
  const plane = (seed: number): Uint8Array =>
    Uint8Array.from({ length: width * height }, (_, i) => (i * 7 + seed) & 255);
  return {
    id: 'abc',
    kind: 'photo',
    width,
    height,
    y: plane(1),
    u: plane(2),
    v: plane(3),
    points: Float32Array.from({ length: 936 }, (_, i) => i / 3),
    consent: { subject: 'a', grantedBy: 'b', grantedAt: '2026-01-01' },
  };
}

describe('an identity', () => {
  test.each([
    [4, 4],
    [5, 3],
  ])('of %i × %i comes through the wire as it was', (width, height) => {
    const before = identity(width, height);
    const { head, parts } = packIdentity(before);
    // At an odd place in a larger buffer, as a payload lies behind its header.
    const frame = Buffer.concat([Buffer.from('x'), ...parts]);

    const after = unpackIdentity(head, frame.subarray(1));

    expect({ ...after, y: [...after.y], u: [...after.u], v: [...after.v] }).toEqual({
      ...before,
      y: [...before.y],
      u: [...before.u],
      v: [...before.v],
    });
  });

  test('takes what networks want of its photo along', () => {
    const source = (seed: number, length: number) => ({
      hash: String(seed).repeat(64),
      bytes: Uint8Array.from({ length }, (_, i) => (i * 5 + seed) & 255),
    });
    const sources = new Map([
      ['one', source(1, 2048)],
      ['two', source(2, 3 * 64 * 64)],
    ]);
    const { head, parts } = packIdentity({ ...identity(5, 3), sources });

    const after = unpackIdentity(identityHeadSchema.parse(head), new Uint8Array(Buffer.concat(parts)));

    expect(after.sources).toEqual(sources);
    expect(after.points).toEqual(identity(5, 3).points);
  });

  test('with too few or too many bytes is refused', () => {
    const { head } = packIdentity(identity(4, 4));
    const bytes = identityBytes(head);

    for (const length of [0, bytes - 1, bytes + 1]) {
      expect(() => unpackIdentity(head, new Uint8Array(length))).toThrow(/bytes/);
    }
  });
});

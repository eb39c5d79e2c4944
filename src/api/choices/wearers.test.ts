import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../test/support/code-of.ts';
import { GatewayError } from '../../errors.ts';
import type { ChosenIdentity } from '../../worker/wire/cast-bytes.ts';
import { clientMessageSchema, type WearerChoice } from '../messages.ts';
import { facesFor, wearersFor } from './wearers.ts';

const head = { id: 'a', kind: 'photo', width: 1, height: 1 } as const;
const photo = { head, bytes: new Uint8Array(1) };
const known = { head: { ...head, likeness: true }, bytes: new Uint8Array(2) };

function find(id: string): ChosenIdentity {
  if (id === 'photo') return photo;
  if (id === 'known') return known;
  if (id === 'mask:gold') return id;
  throw new GatewayError('identity_unknown', 'it must be there');
}
const choose = (wearers: readonly WearerChoice[], policy: 'never' | 'always' = 'never') =>
  wearersFor(wearers, { policy, faces: 2 }, find);

describe('who of several faces wears whom', () => {
  test('is told by places from either side, by a likeness, and for all others', () => {
    const wearers = choose([
      { identity: 'mask:gold', position: 'left' },
      { identity: 'photo', position: 'right' },
      { identity: null, position: 2 },
      { identity: 'photo', like: 'known' },
      { identity: null },
    ]);
    expect(wearers).toEqual([
      { identity: 'mask:gold', position: 1 },
      { identity: photo, position: -1 },
      { identity: null, position: 2 },
      { identity: photo, like: known },
      { identity: null },
    ]);
  });

  test('is refused where somebody is not known, cannot be recognised, or stands where nobody is followed', () => {
    expect(codeOf(() => choose([{ identity: 'nobody', position: 1 }]))).toBe('identity_unknown');
    expect(codeOf(() => choose([{ identity: 'photo', like: 'photo' }]))).toBe('unsupported');
    expect(codeOf(() => choose([{ identity: 'photo', like: 'mask:gold' }]))).toBe('unsupported');
    expect(codeOf(() => choose([{ identity: 'photo', position: -3 }]))).toBe('state_invalid');
  });

  test('leaves a face alone under the policy always only', () => {
    expect(codeOf(() => choose([{ identity: 'own', position: 1 }]))).toBe('policy_not_allowed');
    expect(choose([{ identity: 'own', position: 1 }], 'always')).toEqual([{ identity: 'own', position: 1 }]);
  });

  test('needs as many followed faces as it takes to tell them apart', () => {
    expect(facesFor([])).toBe(1);
    expect(facesFor([{ identity: null }])).toBe(1);
    expect(facesFor([{ identity: 'photo', position: 'left' }])).toBe(2);
    expect(facesFor([{ identity: 'photo', position: -3 }])).toBe(3);
    expect(facesFor([{ identity: 'photo', like: 'known' }])).toBe(3);
  });

  test('names a place or a likeness, and counts places from 1', () => {
    const isRead = (wearer: unknown): boolean =>
      clientMessageSchema.safeParse({ type: 'change', wearers: [wearer] }).success;
    expect(isRead({ identity: 'photo', position: 1, like: 'known' })).toBe(false);
    expect(isRead({ identity: 'photo', position: 0 })).toBe(false);
    expect(isRead({ identity: 'photo', position: 'right' })).toBe(true);
  });
});

import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../test/support/code-of.ts';
import type { JudgedPhoto } from '../../worker/supervisor/identity-questions.ts';
import { IdentityStore } from './identity-store.ts';

const HOUR = 3_600_000;

function photo(bytes = 1000): JudgedPhoto {
  const head = { id: 'a', kind: 'photo', width: 1, height: 1 } as const;
  return {
    identity: { head, bytes: new Uint8Array(bytes) },
    warnings: [],
    refusals: [],
    thumbnail: new Uint8Array(10),
  };
}

function store(limits: Partial<ConstructorParameters<typeof IdentityStore>[0]> = {}): {
  store: IdentityStore;
  pass: (time: number) => void;
} {
  let now = 0;
  const made = new IdentityStore(
    { lifetime: HOUR, maximumCount: 3, maximumTotalBytes: 1_000_000, ...limits },
    { now: () => now },
  );
  return { store: made, pass: (time) => (now += time) };
}

describe('uploaded identities', () => {
  test('have ids that cannot be guessed, and are forgotten when their time is over', () => {
    const { store: held, pass } = store();
    const { id } = held.add(photo());
    expect(id).toMatch(/^[0-9a-f]{32}$/);

    pass(HOUR - 1);
    expect(held.get(id).id).toBe(id);
    pass(1);

    expect(codeOf(() => held.get(id))).toBe('identity_unknown');
    expect([held.count, held.bytes]).toEqual([0, 0]);
  });

  test('are bounded in number and bytes; a new one pushes no other out', () => {
    const { store: held, pass } = store();
    const ids = [held.add(photo()), held.add(photo()), held.add(photo())].map(({ id }) => id);
    expect(codeOf(() => held.add(photo()))).toBe('capacity_full');
    expect(ids.every((id) => held.get(id).id === id)).toBe(true);

    pass(HOUR);
    expect(codeOf(() => held.add(photo()))).toBe('none');

    const { store: small } = store({ maximumTotalBytes: 1500 });
    small.add(photo());
    expect(codeOf(() => small.add(photo()))).toBe('capacity_full');
  });

  test('can be deleted, once', () => {
    const { store: held } = store();
    const { id } = held.add(photo());

    expect(held.delete(id)).toBe(true);
    expect(held.delete(id)).toBe(false);
    expect(held.bytes).toBe(0);
  });
});

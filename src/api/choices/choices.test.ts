import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../test/support/code-of.ts';
import { Permit } from '../access/access.ts';
import { limitedBy, settingsFor, swapsOf, type Allowed } from './choices.ts';

const ALLOWED: Allowed = { policies: ['never'], labelOptional: false, recipes: ['fine'], tiers: ['free', 'paid'] };
const hello = { type: 'hello', version: 1 } as const;

describe('the swap of a session', () => {
  test('is the mesh unless another one is chosen that the operator offers', () => {
    expect(swapsOf(ALLOWED)).toEqual(['mesh', 'fine']);
    expect(settingsFor(hello, ALLOWED)).toMatchObject({ swap: 'mesh', budget: 66 });
    expect(settingsFor({ ...hello, swap: 'fine' }, ALLOWED)).toMatchObject({ swap: 'fine', budget: 80 });
    expect(settingsFor({ ...hello, swap: 'fine', budget: 50 }, ALLOWED)).toMatchObject({ budget: 50 });
  });

  test('is refused if the operator does not offer it', () => {
    expect(codeOf(() => settingsFor({ ...hello, swap: 'other' }, ALLOWED))).toBe('recipe_unknown');
    const none: Allowed = { policies: ['never'], labelOptional: false };
    expect(codeOf(() => settingsFor({ ...hello, swap: 'fine' }, none))).toBe('recipe_unknown');
  });
});

describe('the tier of a session', () => {
  const tierOf = (tier?: string) => {
    const permit = new Permit({ grants: ['publish'], tenant: 'acme', ...(tier !== undefined && { tier }) });
    return settingsFor(hello, limitedBy(ALLOWED, permit));
  };

  test('is what its token says, else the usual one', () => {
    expect(tierOf('paid')).toMatchObject({ tier: 'paid', tenant: 'acme' });
    expect(tierOf()).toMatchObject({ tier: 'free' });
    expect(settingsFor(hello, ALLOWED)).toMatchObject({ tier: 'free', tenant: '' });
  });

  test('is refused if there is none of that name', () => {
    expect(codeOf(() => tierOf('golden'))).toBe('forbidden');
  });
});

import { expect, test } from 'vitest';
import { FreePlaces } from './free-places.ts';

function places(): { free: FreePlaces; pass: (time: number) => void } {
  let now = 1_000_000;
  return { free: new FreePlaces({ now: () => now }), pass: (time) => (now += time) };
}

test('before any session has ended, callers come back one after the other, within a minute', () => {
  const { free, pass } = places();
  expect([0, 0, 0].map(() => free.retryAfter(0))).toEqual([5_000, 10_000, 15_000]);
  pass(12_000);
  expect(free.retryAfter(0)).toBe(10_000);
  for (let i = 0; i < 1000; i++) free.retryAfter(0);
  expect(free.retryAfter(0)).toBe(60_000);
  pass(60_000);
  expect(free.retryAfter(0)).toBe(5_000);
});

test('as sessions end, so callers are let come back, behind those who wait', () => {
  const { free, pass } = places();
  for (let i = 0; i < 40; i++) {
    pass(2_000);
    free.ended();
  }
  expect(free.retryAfter(0)).toBe(2_000);
  // One has been told already.
  expect(free.retryAfter(3)).toBe(10_000);
});

test('while no session ends any more, places are expected ever later', () => {
  const { free, pass } = places();
  free.ended();
  pass(1_000);
  free.ended();
  pass(20_000);
  expect(free.retryAfter(0)).toBe(21_000);
  pass(21_001);
  expect(free.retryAfter(0)).toBeGreaterThan(40_000);
});

import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

test('waits double up to eight seconds and start again after a reset', () => {
  const backoff = new Backoff(() => 0);
  expect([1, 2, 3, 4, 5, 6, 7].map(() => backoff.next())).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});

test('a wait is shortened by at most half, and never below what the gateway asked for', () => {
  expect(new Backoff(() => 1).next()).toBe(250);
  expect(new Backoff(() => 1).next(3000)).toBe(3000);
});

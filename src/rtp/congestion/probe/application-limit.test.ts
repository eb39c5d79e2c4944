import { expect, it } from 'vitest';
import { ApplicationLimit } from './application-limit.ts';

/** A packet each 10 ms that makes `share` of an estimate of 1 Mbit/s. */
function send(limit: ApplicationLimit, from: number, duration: number, share: number): void {
  for (let now = from; now < from + duration; now += 10) limit.onSent(1250 * share, 1_000_000, now);
}

it('finds within a second that little is sent, and again that much is', () => {
  const limit = new ApplicationLimit();
  send(limit, 0, 5000, 0.9);
  expect(limit.limited).toBe(false);
  send(limit, 5000, 2500, 0.2);
  expect(limit.limited).toBe(true);
  send(limit, 7500, 1500, 0.9);
  expect(limit.limited).toBe(false);
});

it('takes two thirds of the estimate for enough', () => {
  const limit = new ApplicationLimit();
  send(limit, 0, 20_000, 0.67);
  expect(limit.limited).toBe(false);
});

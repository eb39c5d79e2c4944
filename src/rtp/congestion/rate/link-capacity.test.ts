import { expect, it } from 'vitest';
import { LinkCapacity } from './link-capacity.ts';

it('knows nothing before the link was full', () => {
  const capacity = new LinkCapacity();
  expect([capacity.estimate, capacity.lower, capacity.upper]).toEqual([undefined, 0, Infinity]);
});

it('averages what arrived each time, with a band of three deviations', () => {
  const capacity = new LinkCapacity();
  for (const rate of [1_000_000, 980_000, 1_020_000, 1_000_000]) capacity.onOveruse(rate);
  expect(capacity.estimate).toBeCloseTo(1_000_000, -4);
  // The least variance, 0.4 × 1,000 (kbit/s)²: 20 kbit/s of deviation.
  expect(capacity.upper - 1_000_000).toBeGreaterThan(55_000);
  expect(capacity.upper - 1_000_000).toBeLessThan(75_000);
  expect(capacity.lower).toBeCloseTo(2 * (capacity.estimate ?? 0) - capacity.upper, 3);
});

it('widens the band where samples differ, and follows a probe ten times as fast', () => {
  const capacity = new LinkCapacity();
  for (const rate of [1_000_000, 700_000, 1_300_000, 700_000]) capacity.onOveruse(rate);
  expect(capacity.upper - (capacity.estimate ?? 0)).toBeGreaterThan(100_000);
  const before = capacity.estimate ?? 0;
  capacity.onProbe(2_000_000);
  expect(capacity.estimate).toBeCloseTo((before + 2_000_000) / 2, 0);
  capacity.reset();
  expect(capacity.estimate).toBeUndefined();
});

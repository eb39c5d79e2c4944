import { describe, expect, it } from 'vitest';
import { lossLikelihood } from './loss-likelihood.ts';

const RATES = [800_000, 1_000_000, 1_200_000, 1_400_000, 1_600_000];
/** 100 packets at each of five rates, of which `loss(rate)` are lost. */
const spans = (loss: (rate: number) => number) => RATES.map((rate) => ({ rate, packets: 100, lost: loss(rate) }));

/** The likeliest of many capacities. */
function likeliest(loss: (rate: number) => number): number {
  const candidates = Array.from({ length: 30 }, (_, index) => 500_000 + index * 50_000);
  const scores = candidates.map((capacity) => lossLikelihood(spans(loss), capacity));
  return candidates[scores.indexOf(Math.max(...scores))] ?? NaN;
}

describe('lossLikelihood', () => {
  it('explains loss that grows with the rate by the capacity', () => {
    const overflow = (rate: number) => 100 * Math.max(0, 1 - 1_000_000 / rate);
    expect(likeliest(overflow)).toBeGreaterThanOrEqual(1_000_000);
    expect(likeliest(overflow)).toBeLessThanOrEqual(1_100_000);
  });

  it('explains loss that is the same at all rates by the link, up to an eighth and some more', () => {
    expect(likeliest(() => 10)).toBe(1_950_000);
    expect(likeliest(() => 40)).toBeLessThan(1_000_000);
  });

  it('finds both where there are both', () => {
    const both = (rate: number) => 100 * (0.05 + 0.95 * Math.max(0, 1 - 1_000_000 / rate));
    expect(likeliest(both)).toBeGreaterThanOrEqual(1_000_000);
    expect(likeliest(both)).toBeLessThanOrEqual(1_100_000);
  });
});

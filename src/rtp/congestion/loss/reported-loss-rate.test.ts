import { describe, expect, it } from 'vitest';
import { ReportedLossRate } from './reported-loss-rate.ts';

const newRate = () => new ReportedLossRate({ start: 1_000_000, minimum: 200_000, maximum: 2_000_000 });

describe('ReportedLossRate', () => {
  it('falls with loss above a tenth, once for each round of reports', () => {
    const rate = newRate();
    rate.onLoss(0.2, 0);
    rate.onLoss(0.2, 100);
    expect(rate.rate).toBeCloseTo(900_000);
    rate.onLoss(0.2, 400);
    expect(rate.rate).toBeCloseTo(810_000);
  });

  it('rises by a twentieth a second without loss, however often it is told', () => {
    const rate = newRate();
    for (let now = 0; now <= 2000; now += 50) rate.onLoss(0, now);
    expect(rate.rate).toBeCloseTo(1_000_000 * 1.05 ** 2, -1);
  });

  it('stays in between, and within its bounds', () => {
    const rate = newRate();
    rate.onLoss(0.05, 0);
    expect(rate.rate).toBe(1_000_000);
    for (let now = 0; now < 60_000; now += 1000) rate.onLoss(0.9, now);
    expect(rate.rate).toBe(200_000);
    for (let now = 60_000; now < 200_000; now += 1000) rate.onLoss(0, now);
    expect(rate.rate).toBe(2_000_000);
    rate.maximum = 1_500_000;
    expect(rate.rate).toBe(1_500_000);
  });
});

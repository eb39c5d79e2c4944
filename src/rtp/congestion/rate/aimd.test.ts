import { describe, expect, it } from 'vitest';
import type { Usage } from '../delay/overuse-detector.ts';
import { Aimd } from './aimd.ts';

const newAimd = (start = 1_000_000) => new Aimd({ start, minimum: 100_000, maximum: 10_000_000 });

/** An update each 50 ms over `duration`. */
function update(aimd: Aimd, from: number, duration: number, usage: Usage, acknowledged: number, idle = false): void {
  for (let now = from; now <= from + duration; now += 50) aimd.update(usage, acknowledged, idle, now);
}

describe('Aimd', () => {
  it('grows by 8 % in the first second, and faster the longer nothing speaks against it', () => {
    const aimd = newAimd();
    update(aimd, 0, 1000, 'normal', 5_000_000);
    expect(aimd.rate / 1_000_000).toBeCloseTo(1.092, 2);
    update(aimd, 1000, 9000, 'normal', 5_000_000);
    const before = aimd.rate;
    update(aimd, 10_000, 1000, 'normal', 5_000_000);
    expect(aimd.rate / before).toBeCloseTo(Math.exp(0.25), 1);
  });

  it('leaves 0.85 of what arrives after over-use, once for each round trip', () => {
    const aimd = newAimd(2_000_000);
    aimd.roundTrip = 150;
    aimd.update('over', 1_000_000, false, 1000);
    expect(aimd.rate).toBeCloseTo(850_000);
    aimd.update('over', 900_000, false, 1100);
    expect(aimd.rate).toBeCloseTo(850_000);
    aimd.update('over', 900_000, false, 1150);
    expect(aimd.rate).toBeCloseTo(765_000);
  });

  it('halves where nothing is known of what arrives', () => {
    const aimd = newAimd(2_000_000);
    aimd.update('over', undefined, false, 1000);
    aimd.update('over', undefined, false, 1100);
    expect(aimd.rate).toBe(1_000_000);
    aimd.update('over', undefined, false, 1200);
    expect(aimd.rate).toBe(500_000);
  });

  it('grows by a step each response time near the capacity, the same for small flows and large ones', () => {
    for (const rate of [1_500_000, 4_000_000]) {
      const aimd = newAimd(rate * 1.1);
      aimd.roundTrip = 100;
      aimd.update('over', rate, false, 0);
      const before = aimd.rate;
      update(aimd, 50, 1000, 'normal', before);
      // 16,000 bits in 200 ms.
      expect(aimd.rate - before).toBeCloseTo(80_000, -3);
    }
  });

  it('forgets the capacity once more than it arrives, and when much less does', () => {
    const aimd = newAimd();
    aimd.update('over', 1_000_000, false, 0);
    expect(aimd.capacity).toBe(1_000_000);
    aimd.update('normal', 1_200_000, false, 100);
    expect(aimd.capacity).toBeUndefined();
    aimd.update('over', 1_000_000, false, 1000);
    aimd.update('over', 500_000, false, 2000);
    expect(aimd.capacity).toBe(500_000);
  });

  it('holds while a queue drains', () => {
    const aimd = newAimd();
    aimd.update('over', 1_000_000, false, 0);
    update(aimd, 50, 2000, 'under', 1_000_000);
    expect(aimd.rate).toBe(850_000);
    aimd.update('normal', 1_000_000, false, 2100);
    // The time of draining is not made up for.
    expect(aimd.rate).toBe(850_000);
  });

  it('stays within one and a half of what arrives, and where it is while little is sent', () => {
    const aimd = newAimd();
    update(aimd, 0, 30_000, 'normal', 1_000_000);
    expect(aimd.rate).toBe(1_510_000);
    update(aimd, 30_000, 10_000, 'normal', 300_000, true);
    expect(aimd.rate).toBe(1_510_000);
  });

  it('takes a probe for the rate, and a saturated one for the capacity', () => {
    const aimd = newAimd();
    aimd.onProbe(3_000_000, false, 0);
    expect([aimd.rate, aimd.capacity]).toEqual([3_000_000, undefined]);
    aimd.onProbe(4_000_000, true, 100);
    expect([aimd.rate, aimd.capacity]).toEqual([4_000_000, 4_000_000]);
    aimd.maximum = 2_000_000;
    expect(aimd.rate).toBe(2_000_000);
  });
});

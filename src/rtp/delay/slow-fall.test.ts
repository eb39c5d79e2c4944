import { describe, expect, it } from 'vitest';
import { LossShare } from './loss-share.ts';
import { SlowFall } from './slow-fall.ts';

describe('SlowFall', () => {
  it('rises at once, in steps of 10 ms', () => {
    const delay = new SlowFall();
    expect([0, 141, 150, 260].map((needed, index) => delay.follow(needed, index * 33))).toEqual([0, 150, 150, 260]);
  });

  it('stays for 5 s, then falls by 20 ms a second to what is needed', () => {
    const delay = new SlowFall();
    delay.follow(150, 0);
    const after = (at: number) => {
      for (let now = at - 1000; now < at; now += 10) delay.follow(90, now);
      return delay.follow(90, at);
    };
    expect([1000, 2000, 3000, 4000, 4900].map(after)).toEqual([150, 150, 150, 150, 150]);
    expect([6000, 7000, 8000, 9000].map(after)).toEqual([120, 100, 90, 90]);
  });
});

describe('LossShare', () => {
  it('tells the share of the last seconds, and nothing of what may be chance', () => {
    const share = new LossShare();
    share.onPackets(240, 0);
    share.onLost(2, 0);
    expect(share.value).toBe(0);
    for (let now = 0; now < 10_000; now += 33) {
      share.onPackets(8, now);
      share.onLost(0.4, now);
    }
    expect(share.value).toBeCloseTo(0.05, 2);
    for (let now = 10_000; now < 16_000; now += 33) share.onPackets(8, now);
    expect(share.value).toBe(0);
  });
});

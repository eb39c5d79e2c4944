import { describe, expect, it } from 'vitest';
import type { Probe } from '../congestion.ts';
import { ProbePlan } from './probe-plan.ts';

/** Polls when the plan wants it until `until`; the probes with their times. */
function poll(plan: ProbePlan, from: number, until: number): { at: number; probe: Probe }[] {
  const probes: { at: number; probe: Probe }[] = [];
  for (let at = Math.max(from, plan.nextAt); at <= until; at = Math.max(at, plan.nextAt)) {
    const probe = plan.poll(at);
    if (probe) probes.push({ at, probe });
  }
  return probes;
}
const rates = (probes: readonly { probe: Probe }[]) => probes.map(({ probe }) => probe.bitrate);

describe('ProbePlan', () => {
  it('asks for three and six times the start rate, one after the other', () => {
    const plan = new ProbePlan({ start: 500_000, maximum: 10_000_000 });
    const probes = poll(plan, 0, 100);
    expect(rates(probes)).toEqual([1_500_000, 3_000_000]);
    // 15 ms and the gap.
    expect(probes[1]?.at).toBe(20);
    expect(probes[1]?.probe).toMatchObject({ id: 2, bytes: 5625, packets: 5 });
  });

  it('asks for no more than is of use', () => {
    expect(rates(poll(new ProbePlan({ start: 500_000, maximum: 1_200_000 }), 0, 100))).toEqual([1_200_000]);
    const satisfied = new ProbePlan({ start: 1_200_000, maximum: 1_200_000 });
    expect(poll(satisfied, 0, 60_000)).toEqual([]);
    expect(satisfied.nextAt).toBe(Infinity);
    satisfied.maximum = 2_400_000;
    expect(rates(poll(satisfied, 60_000, 60_100))).toEqual([2_400_000]);
  });

  it('goes on while probes pay', () => {
    const plan = new ProbePlan({ start: 500_000, maximum: 10_000_000 });
    poll(plan, 0, 100);
    plan.onEstimate(2_900_000, 150);
    expect(rates(poll(plan, 150, 200))).toEqual([5_800_000]);
    plan.onEstimate(5_500_000, 300);
    expect(rates(poll(plan, 300, 350))).toEqual([10_000_000]);
    plan.onEstimate(5_600_000, 450);
    expect(poll(plan, 450, 900)).toEqual([]);
  });

  it('asks again from time to time, more seldom where it does not pay', () => {
    const plan = new ProbePlan({ start: 900_000, maximum: 3_000_000 });
    plan.onOveruse(0);
    const at: number[] = [];
    for (let now = 0; now < 30_000; now += 50) {
      plan.onEstimate(900_000, now);
      const probe = plan.poll(now);
      if (!probe) continue;
      expect(probe.bitrate).toBe(1_350_000);
      at.push(now);
      plan.onAnswer(now);
    }
    expect(at.slice(0, 4)).toEqual([2500, 6000, 10_900, 15_900]);
  });

  it('asks at once again where no answer came, then with patience', () => {
    const plan = new ProbePlan({ start: 900_000, maximum: 3_000_000 });
    const at = poll(plan, 0, 20_000).map((probe) => probe.at);
    expect(at[2] ?? 0).toBeLessThan(2100);
    expect(at.at(-1)! - at.at(-2)!).toBe(5000);
  });

  it('gives what the rate was before a probe that a queue proves wrong, and asks ever more seldom', () => {
    const plan = new ProbePlan({ start: 900_000, maximum: 3_000_000 });
    plan.onOveruse(0);
    let before = 0;
    for (let round = 0; round < 6; round++) {
      const [probe] = poll(plan, before, before + 60_000);
      const at = probe?.at ?? 0;
      if (round > 0) expect(at - before).toBeGreaterThanOrEqual(Math.min(40_000, 8000 * 2 ** (round - 1)));
      plan.onAnswer(at + 80);
      plan.onEstimate(1_350_000, at + 100);
      expect(plan.onOveruse(at + 400)).toBe(900_000);
      plan.onEstimate(900_000, at + 450);
      before = at + 400;
    }
  });

  it('takes a rate that has held for two seconds for proven', () => {
    const plan = new ProbePlan({ start: 900_000, maximum: 1_400_000 });
    plan.onOveruse(0);
    poll(plan, 0, 3000);
    plan.onEstimate(1_350_000, 2600);
    plan.onEstimate(1_350_000, 4700);
    expect(plan.onOveruse(5000)).toBeUndefined();
  });
});

import { expect, test } from 'vitest';
import type { BatchTimes } from './profiles.ts';
import { fluidBound, optimum } from './optimum.ts';
import { seeded, type Job } from './trace.ts';

/** Tries every set of jobs as the next batch, after every other. */
function exhaustive(jobs: readonly Job[], times: BatchTimes, at: { left: number; now: number }): number {
  let best = 0;
  for (let set = at.left; set > 0; set = (set - 1) & at.left) {
    const members = jobs.filter((_, job) => (set >> job) & 1);
    if (members.length > times.length) continue;
    const end = Math.max(at.now, ...members.map(({ release }) => release)) + times[members.length - 1]!;
    if (end > Math.min(...members.map(({ deadline }) => deadline))) continue;
    best = Math.max(best, members.length + exhaustive(jobs, times, { left: at.left & ~set, now: end }));
  }
  return best;
}

test('the optimum is what trying everything finds, and never above the fluid bound', () => {
  for (let seed = 1; seed <= 120; seed++) {
    const random = seeded(seed);
    const count = 3 + Math.floor(random() * 4);
    const times = Array.from({ length: 1 + Math.floor(random() * 4) }, () => 1 + random() * 8).sort((a, b) => a - b);
    let release = 0;
    let deadline = 0;
    const jobs = Array.from({ length: count }, (_, stream) => {
      release += random() * 4;
      deadline = Math.max(deadline, release + 2 + random() * 12);
      return { stream, release, deadline };
    });
    const found = optimum(jobs, times);
    expect(found, `seed ${seed}`).toBe(exhaustive(jobs, times, { left: 2 ** count - 1, now: 0 }));
    expect(found).toBeLessThanOrEqual(fluidBound(jobs, times, 1) + 1e-9);
  }
});

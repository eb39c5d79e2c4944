import { describe, expect, test } from 'vitest';
import { place, SessionCost } from './admission.ts';

function fill(threads: number, maximumSide: number): number {
  const worker = { load: { threads, cores: 0 } };
  for (let admitted = 0; ; admitted++) {
    const cost = new SessionCost(maximumSide).cores;
    if (place([worker], cost) === undefined) return admitted;
    worker.load.cores += cost;
  }
}

describe('admission', () => {
  test('gives two cores what they were measured to carry', () => {
    expect(fill(2, 1280)).toBe(4);
    expect(fill(2, 640)).toBe(6);
    expect(fill(2, 1920)).toBe(2);
  });

  test('always takes one session, however small the machine', () => {
    expect(fill(1, 1920)).toBe(1);
  });

  test('puts a session where most room is', () => {
    const busy = { load: { threads: 2, cores: 1.2 } };
    const free = { load: { threads: 1, cores: 0 } };

    expect(place([busy, free], 0.4)).toBe(free);
    expect(place([busy], 0.4)).toBe(busy);
    expect(place([busy], 0.8)).toBeUndefined();
    expect(place([], 0.1)).toBeUndefined();
  });

  test('learns what a session really takes, within bounds', () => {
    const small = new SessionCost(1280);
    const large = new SessionCost(1280);
    const estimate = small.cores;
    for (let second = 0; second < 30; second++) {
      small.learn(120);
      large.learn(5000);
    }

    expect(small.cores).toBeCloseTo(estimate * 0.5, 2);
    expect(large.cores).toBeCloseTo(estimate * 1.5, 2);

    const silent = new SessionCost(1280);
    silent.learn(0);
    expect(silent.cores).toBe(estimate);
  });
});

import { describe, expect, test } from 'vitest';
import { CostEstimate, StageCost } from './stage-cost.ts';

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

describe('CostEstimate', () => {
  test('gives the median of what it sees', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const next = random(seed);
      const estimate = new CostEstimate();
      // Mostly 5–6 ms, one in 25 takes 20.
      for (let i = 0; i < 3000; i++) estimate.observe(next() < 0.04 ? 20 : 5 + next());
      expect(estimate.p50).toBeGreaterThan(4.8);
      expect(estimate.p50).toBeLessThan(6.5);
    }
  });

  test('is hardly moved by one stall and follows a lasting change within a second of frames', () => {
    const estimate = new CostEstimate();
    for (let i = 0; i < 100; i++) estimate.observe(5);
    estimate.observe(500);
    expect(estimate.p50).toBeLessThan(5.5);
    for (let i = 0; i < 30; i++) estimate.observe(12);
    expect(estimate.p50).toBeGreaterThan(10);
    for (let i = 0; i < 30; i++) estimate.observe(5);
    expect(estimate.p50).toBeLessThan(6);
  });
});

describe('StageCost', () => {
  const stages = ['track', 'swap', 'encode'] as const;

  test('knows nothing at first, so that a first frame is tried', () => {
    expect(new StageCost(stages).remaining('track')).toBe(0);
  });

  test('adds up what is still to come, with a margin', () => {
    const cost = new StageCost(stages, 0.1);
    for (let i = 0; i < 50; i++) {
      cost.observe('track', 3);
      cost.observe('swap', 2);
      cost.observe('encode', 5);
    }
    expect(cost.remaining('track')).toBeCloseTo(11, 0);
    expect(cost.remaining('swap')).toBeCloseTo(7.7, 0);
    expect(cost.remaining('encode')).toBeCloseTo(5.5, 0);
  });

  test('comes back from figures that forbid everything within a second of frames, at the first that is tried', () => {
    const cost = new StageCost(stages);
    for (let i = 0; i < 50; i++) {
      cost.observe('track', 2000);
      cost.observe('encode', 5);
    }
    let refused = 0;
    while (cost.remaining('track') > 66) {
      cost.doubt();
      cost.observe('encode', 5); // it goes out hidden
      refused++;
    }
    expect(refused).toBeGreaterThan(5);
    expect(refused).toBeLessThan(30);
    cost.observe('track', 7);
    expect(cost.remaining('track')).toBeLessThan(20);
  });

  test('believes figures that a refusal was right about', () => {
    const cost = new StageCost(stages);
    for (let i = 0; i < 50; i++) {
      cost.observe('track', 30 + (i % 10));
      if (i % 3 > 0) cost.doubt();
    }
    expect(cost.of('track').p50).toBeGreaterThan(30);
  });
});

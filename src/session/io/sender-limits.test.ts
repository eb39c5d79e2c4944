import { describe, expect, test } from 'vitest';
import { SenderLimits } from './sender-limits.ts';

const RATES = { frameRate: 60, bitrate: 5_000_000 };
const fine = { fpsIn: 60, bitrateIn: 5_000_000 };

describe('the limits of a sender', () => {
  test('let its rate through for ever, and what waited for two seconds at once', () => {
    const limits = new SenderLimits(RATES, 0);
    for (let frame = 0; frame < 600; frame++) expect(limits.admit((frame * 1000) / 60)).toBe(true);
    for (let frame = 0; frame < 120; frame++) expect(limits.admit(12_000)).toBe(true);
    expect(limits.admit(12_000)).toBe(false);
  });

  test('let no more through than the rate of one that sends without end', () => {
    const limits = new SenderLimits(RATES, 0);
    let passed = 0;
    for (let frame = 0; frame < 10_000; frame++) if (limits.admit(frame)) passed++;
    expect(passed).toBeGreaterThan(700);
    expect(passed).toBeLessThanOrEqual(60 * 10 + 120);
  });

  test('give up who exceeds them in three seconds in a row, each by its name', () => {
    const frames = new SenderLimits(RATES, 0);
    expect([1, 2, 3].map(() => frames.judge({ ...fine, fpsIn: 61 }))).toEqual([
      undefined,
      undefined,
      'frame_rate_exceeded',
    ]);
    const bits = new SenderLimits(RATES, 0);
    expect([1, 2, 3].map(() => bits.judge({ ...fine, bitrateIn: 6_000_000 }))).toEqual([
      undefined,
      undefined,
      'bitrate_exceeded',
    ]);
  });

  test('forgive who exceeds them now and then', () => {
    const limits = new SenderLimits(RATES, 0);
    for (let second = 0; second < 30; second++) {
      const over = second % 3 !== 0;
      expect(limits.judge({ fpsIn: over ? 200 : 30, bitrateIn: over ? 9e6 : 1e6 })).toBeUndefined();
    }
  });
});

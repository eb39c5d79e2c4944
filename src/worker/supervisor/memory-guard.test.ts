import { describe, expect, test } from 'vitest';
import { MemoryGuard, memoryLimits } from './memory-guard.ts';

const MIB = 1024 * 1024;

describe('memory limits', () => {
  test('grow with the pixel threads by default, and are what the operator says otherwise', () => {
    const unset = { softMegabytes: null, hardMegabytes: null };
    expect(memoryLimits(unset, 4)).toEqual({ soft: 2048 * MIB, hard: 3072 * MIB });
    expect(memoryLimits({ ...unset, softMegabytes: 100 }, 4)).toEqual({ soft: 100 * MIB, hard: 150 * MIB });
    expect(memoryLimits({ ...unset, hardMegabytes: 100 }, 4)).toEqual({ soft: 100 * MIB, hard: 100 * MIB });
  });
});

describe('the memory guard', () => {
  test('lets what is under the soft limit be, and what passes it for a moment', () => {
    const guard = new MemoryGuard({ soft: 100, hard: 200 });
    expect([guard.judge(100, 0), guard.judge(150, 1000), guard.judge(150, 5000)]).toEqual(['fine', 'fine', 'fine']);
    expect([guard.judge(90, 5500), guard.judge(150, 6000), guard.judge(150, 10_500)]).toEqual(['fine', 'fine', 'fine']);
  });

  test('retires what stays above the soft limit, and ends what is above the hard one at once', () => {
    const guard = new MemoryGuard({ soft: 100, hard: 200 });
    expect([guard.judge(101, 0), guard.judge(101, 5000)]).toEqual(['fine', 'retire']);
    expect(new MemoryGuard({ soft: 100, hard: 200 }).judge(201, 0)).toBe('end');
  });
});

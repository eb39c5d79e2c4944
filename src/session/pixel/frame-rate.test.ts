import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { FrameRate } from './frame-rate.ts';

/** Which of 90 frames go on, `jitter` ms off at most. */
function admitted(rate: number, limit: number, jitter = 0): number[] {
  const random = new Random(3);
  const frames = new FrameRate();
  return Array.from({ length: 90 }, (_, index) => index).filter((index) => {
    const at = 5000 + (index * 1000) / rate + (random.next() * 2 - 1) * jitter;
    frames.note(Math.round(at * 90));
    return frames.admit(at, limit);
  });
}

describe('frames that go on', () => {
  it.each([
    [30, 30, 90],
    [30, 20, 60],
    [30, 15, 45],
    [60, 30, 45],
    [20, 30, 90],
    [24, 20, 75],
    [31, 30, 90],
    [30, Infinity, 90],
  ])('of %i a second, when %i may, are %i of 90', (rate, limit, count) => {
    expect(Math.abs(admitted(rate, limit).length - count)).toBeLessThanOrEqual(2);
  });

  it('are evenly spaced: every other, or two of three', () => {
    expect(admitted(30, 15).slice(0, 5)).toEqual([0, 2, 4, 6, 8]);
    expect(admitted(30, 20).slice(0, 6)).toEqual([0, 2, 3, 5, 6, 8]);
  });

  it('are as many where a camera’s timestamps are off by ten milliseconds', () => {
    expect(admitted(30, 30, 10)).toHaveLength(90);
    expect(Math.abs(admitted(30, 15, 10).length - 45)).toBeLessThanOrEqual(2);
    expect(Math.abs(admitted(30, 20, 10).length - 60)).toBeLessThanOrEqual(4);
  });

  it('do not come in a burst after a pause', () => {
    const frames = new FrameRate();
    const went = [0, 33, 67, 100, 2000, 2033, 2067, 2100, 2133].filter((at) => {
      frames.note(at * 90);
      return frames.admit(at, 15);
    });
    expect(went).toEqual([0, 67, 2000, 2067, 2133]);
  });
});

it('the rate is what the timestamps say, not what was promised', () => {
  const frames = new FrameRate();
  for (let timestamp = 2 ** 32 - 90_000; timestamp < 2 ** 32 + 270_000; timestamp += 6000) frames.note(timestamp >>> 0);
  expect(frames.current).toBeCloseTo(15, 1);
  frames.note(5_400_000);
  expect(frames.current).toBeCloseTo(15, 1);
});

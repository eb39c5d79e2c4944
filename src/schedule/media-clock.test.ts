import { describe, expect, test } from 'vitest';
import { addTicks, type RtpTicks } from '../time.ts';
import { MediaClock } from './media-clock.ts';

/** Timestamps 33.3 ms apart, across the 32-bit wrap. */
const at = (frame: number): RtpTicks => addTicks(0xffff_ff00, frame * 3000);
const period = 1000 / 30;

function readInStep(clock: MediaClock, from: number, to: number, delay = 0): number {
  let backlog = 0;
  for (let frame = from; frame < to; frame++) {
    if (clock.isBacklog(at(frame), 5000 + frame * period + delay)) backlog++;
  }
  return backlog;
}

describe('MediaClock', () => {
  test('sees no backlog in frames that come in step, with jitter and with a slow path', () => {
    const clock = new MediaClock();
    let backlog = 0;
    for (let frame = 0; frame < 900; frame++) {
      if (clock.isBacklog(at(frame), 300 + frame * period + ((frame * 7919) % 60))) backlog++;
    }
    expect(backlog).toBe(0);
  });

  test('measures lateness above the smallest delay seen', () => {
    const clock = new MediaClock();
    clock.lateness(at(0), 1000);
    expect(clock.lateness(at(1), 1000 + period + 25)).toBeCloseTo(25, 0);
    expect(clock.lateness(at(2), 1000 + 2 * period)).toBeCloseTo(0, 0);
  });

  test('takes the old part of a burst after a stop of 400 ms for backlog, and not the fresh part', () => {
    const clock = new MediaClock();
    readInStep(clock, 0, 60);
    // Twelve frames waited in the kernel and are read half a millisecond apart.
    const now = 5000 + 72 * period;
    const seen = Array.from({ length: 12 }, (_, i) => clock.isBacklog(at(60 + i), now + i * 0.5));
    expect(seen).toEqual([true, true, true, true, true, true, true, false, false, false, false, false]);
    expect(readInStep(clock, 72, 200)).toBe(0);
  });

  test('takes a path that has become longer for the new normal after one frame', () => {
    const clock = new MediaClock();
    readInStep(clock, 0, 60);
    expect(readInStep(clock, 60, 300, 350)).toBeLessThanOrEqual(1);
  });

  test('starts again when the source clock jumps, forwards or back', () => {
    const clock = new MediaClock();
    readInStep(clock, 0, 30);
    expect(clock.isBacklog(addTicks(at(30), 90_000 * 60), 5000 + 30 * period)).toBe(false);
    expect(clock.isBacklog(at(31), 5000 + 31 * period)).toBe(false);
  });

  test('is not misled by clocks that run 0.1 % apart', () => {
    const clock = new MediaClock();
    let worst = 0;
    for (let frame = 0; frame < 30 * 600; frame++) {
      worst = Math.max(worst, clock.lateness(at(frame), frame * period * 1.001));
    }
    expect(worst).toBeLessThan(5);
  });
});

import { describe, expect, it } from 'vitest';
import { Random } from '../../../../test/media/random.ts';
import { DelayNotice } from './delay-notice.ts';
import { PlayoutDelay } from './playout-delay.ts';

/** Plays `seconds` of 30 frames of eight packets, each lost with `loss`; gives the delay after each second. */
function play(
  delay: PlayoutDelay,
  {
    loss,
    roundTrip = 100,
    seconds = 10,
    from = 0,
  }: { loss: number; roundTrip?: number; seconds?: number; from?: number },
): number[] {
  const random = new Random(9);
  const after: number[] = [];
  for (let frame = 0; frame < seconds * 30; frame++) {
    const now = from + (frame * 1000) / 30;
    delay.onFrame(8, roundTrip, now);
    const lost = Array.from({ length: 8 }, () => random.next()).filter((chance) => chance < loss).length;
    if (lost > 0) delay.onLost(lost, now + roundTrip / 2);
    if (frame % 30 === 29) after.push(delay.minimum);
  }
  return after;
}

describe('PlayoutDelay', () => {
  it('is 0 on a clean link, and where a packet is lost now and then', () => {
    expect(play(new PlayoutDelay(), { loss: 0 }).at(-1)).toBe(0);
    expect(Math.max(...play(new PlayoutDelay(), { loss: 0.002, seconds: 60 }))).toBe(0);
  });

  it('holds more rounds of resending the more is lost, and 400 ms at most', () => {
    const at = (loss: number, roundTrip?: number) =>
      play(new PlayoutDelay(), { loss, ...(roundTrip && { roundTrip }) }).at(-1);
    expect(at(0.02)).toBeGreaterThanOrEqual(150);
    expect(at(0.02)).toBeLessThanOrEqual(270);
    expect(at(0.1)).toBe(270);
    expect(at(0.1, 20)).toBe(110);
    expect(at(0.2)).toBe(390);
    expect(at(0.1, 300)).toBe(400);
    expect(at(0.3, 200)).toBe(400);
  });

  it('rises within a second and falls slowly, to 0', () => {
    const delay = new PlayoutDelay();
    expect(play(delay, { loss: 0.1, seconds: 1 })[0]).toBeGreaterThanOrEqual(150);
    const before = play(delay, { loss: 0.1, seconds: 4, from: 1000 }).at(-1) ?? 0;
    const falling = play(delay, { loss: 0, seconds: 40, from: 5000 });
    expect(falling[3]).toBe(before);
    falling.slice(6, 20).forEach((value, index) => {
      const step = (falling[index + 5] ?? 0) - value;
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThanOrEqual(20);
    });
    expect(falling.at(-1)).toBe(0);
  });

  it('takes a single burst for what it is', () => {
    const delay = new PlayoutDelay();
    play(delay, { loss: 0, seconds: 5 });
    delay.onLost(4, 5000);
    delay.onFrame(8, 100, 5001);
    expect(delay.minimum).toBe(0);
  });
});

describe('DelayNotice', () => {
  it('says nothing before there is anything to say', () => {
    const notice = new DelayNotice();
    expect(notice.onFrame(1, 0, true)).toBe(false);
  });

  it('says a change until a report tells that three frames with it have come, across the wrap', () => {
    const notice = new DelayNotice();
    const says = [65_530, 65_534, 2, 6].map((sequence) => notice.onFrame(sequence, 150, false));
    expect(says).toEqual([true, true, true, true]);
    notice.onReport(0x1_ffff);
    expect(notice.onFrame(10, 150, false)).toBe(true);
    notice.onReport(0x2_0002);
    expect(notice.onFrame(14, 150, false)).toBe(false);
    expect(notice.onFrame(18, 150, true)).toBe(true);
    expect(notice.onFrame(22, 0, false)).toBe(true);
  });

  it('is not content with a report of the change before', () => {
    const notice = new DelayNotice();
    [10, 20, 30].forEach((sequence) => notice.onFrame(sequence, 150, false));
    notice.onFrame(40, 160, false);
    notice.onReport(45);
    expect(notice.onFrame(50, 160, false)).toBe(true);
  });
});

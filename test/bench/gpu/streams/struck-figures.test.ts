import { expect, it } from 'vitest';
import type { StreamRecord } from '../../client/protocol.ts';
import { seenOfStrike } from './struck-figures.ts';

const AT = 5_000;
const OPTIONS = { at: AT, budget: 80, before: 2, watched: 4 };

/** Ten frames a second from 0 to 10 s, back after 50 ms but those of [from, to). */
function stream(from: number, to: number, change: Partial<StreamRecord> = {}): StreamRecord {
  const frames = Array.from({ length: 100 }, (_, k) => {
    const sent = 100 * k;
    return { sent, back: sent >= from && sent < to ? null : sent + 50 };
  });
  return { ended: false, frames, told: [], ...change };
}

it('tells the share of each second that came back in time, and when all was well again', () => {
  const seen = seenOfStrike([stream(5_000, 6_500), stream(0, 0)], OPTIONS);
  expect(seen).toMatchObject({ ended: 0, onTimeBefore: 1, onTimeEachSecond: [0.5, 0.75, 1, 1] });
  expect(seen).toMatchObject({ fullRateSeconds: 2, lostMost: 15, longestGapMs: 1_600 });
});

it('takes off those that were told as hidden or reused, in the seconds that they may be of', () => {
  const told = [
    { at: 4_500, hidden: 2, reused: 0 },
    { at: 6_000, hidden: 4, reused: 1 },
    { at: 7_500, hidden: 2, reused: 0 },
  ];
  const seen = seenOfStrike([stream(0, 0, { told, ended: true })], OPTIONS);
  expect(seen).toMatchObject({
    ended: 1,
    onTimeBefore: 0.9,
    onTimeEachSecond: [0.5, 0.9, 0.9, 1],
    hidden: 6,
    reused: 1,
  });
});

it('says so where all is not well by the end', () => {
  expect(seenOfStrike([stream(5_000, 20_000)], OPTIONS)).toMatchObject({ fullRateSeconds: null, lostMost: 40 });
});

import type { Milli } from '../../../../src/time.ts';
import type { StreamRecord } from '../../client/protocol.ts';
import { round, sum } from '../../quantile.ts';

const SECOND: Milli = 1000;
/** Share of a second's frames of all streams from which on they have their full rate. */
const FULL = 0.98;

/** What streams saw of a strike. */
export interface SeenOfStrike {
  /** Sessions that were over before their callers left. */
  readonly ended: number;
  /** Share of the frames that came back swapped and in time, before the strike, and in each second after it. */
  readonly onTimeBefore: number;
  readonly onTimeEachSecond: readonly number[];
  /** From the strike to the end of the last second in which that was less than `FULL`, seconds; null: to the end. */
  readonly fullRateSeconds: number | null;
  /** Most frames that one stream lost after the strike: late, hidden, reused or never sent. */
  readonly lostMost: number;
  /** Frames that were told as hidden, and as reused, after the strike. */
  readonly hidden: number;
  readonly reused: number;
  /** Longest time without a picture, of any stream. */
  readonly longestGapMs: number;
}

export interface SeenOptions {
  /** When it struck. */
  readonly at: Milli;
  readonly budget: Milli;
  /** Seconds before and after it that are looked at. */
  readonly before: number;
  readonly watched: number;
}

/** A stream's frames of a second. */
interface Second {
  readonly sent: number;
  readonly inTime: number;
  readonly unswapped: number;
}

/** Tells what streams saw of a strike, out of all their frames and what the gateway told of those. */
export function seenOfStrike(
  records: readonly StreamRecord[],
  { at, budget, before, watched }: SeenOptions,
): SeenOfStrike {
  const seconds = (from: number, count: number): Second[][] =>
    records.map((record) =>
      Array.from({ length: count }, (_, k) => secondOf(record, { from: at + (from + k) * SECOND, budget })),
    );
  const after = seconds(0, watched);
  const shares = Array.from({ length: watched }, (_, k) => shareOf(after.map((each) => each[k]!)));
  const last = shares.findLastIndex((share) => share < FULL) + 1;
  const told = records.flatMap((record) => record.told).filter((one) => one.at >= at);
  return {
    ended: records.filter(({ ended }) => ended).length,
    onTimeBefore: round(shareOf(seconds(-before, before).flat()), 4),
    onTimeEachSecond: shares.map((share) => round(share, 3)),
    fullRateSeconds: last === watched ? null : last,
    lostMost: Math.max(...after.map((each) => Math.round(sum(each, (one) => one.sent - onTimeOf(one))))),
    hidden: sum(told, ({ hidden }) => hidden),
    reused: sum(told, ({ reused }) => reused),
    longestGapMs: round(Math.max(...records.map(longestGap)), 0),
  };
}

function secondOf(
  { frames, told }: StreamRecord,
  { from, budget }: { readonly from: Milli; readonly budget: Milli },
): Second {
  const sent = frames.filter((frame) => frame.sent >= from && frame.sent < from + SECOND);
  const inTime = sent.filter((frame) => frame.back !== null && frame.back - frame.sent <= budget).length;
  // The gateway tells each second's, which may have begun in the second before: they are spread evenly.
  const share = (at: Milli): number => Math.max(0, 1 - Math.abs(at - SECOND - from) / SECOND);
  return { sent: sent.length, inTime, unswapped: sum(told, ({ at, hidden, reused }) => share(at) * (hidden + reused)) };
}

function onTimeOf({ inTime, unswapped }: Second): number {
  return Math.max(0, inTime - unswapped);
}

function shareOf(seconds: readonly Second[]): number {
  return sum(seconds, onTimeOf) / sum(seconds, ({ sent }) => sent);
}

function longestGap({ frames }: StreamRecord): Milli {
  const backs = frames.flatMap(({ back }) => back ?? []).sort((a, b) => a - b);
  return backs.reduce((longest, back, k) => Math.max(longest, back - (backs[k - 1] ?? back)), 0);
}

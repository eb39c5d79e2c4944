import type { Milli } from '../../../src/time.ts';

/** What a batch takes on a GPU: `p(b)` at index b − 1. */
export type BatchTimes = readonly Milli[];

const line = (fixed: Milli, each: Milli): BatchTimes => Array.from({ length: 8 }, (_, i) => fixed + each * (i + 1));

/**
 * GPUs to schedule for. `h100`: inswapper_128's shape in half precision on an H100, one process, measured (batches of 5 and 7
 * between their neighbours). The others are made up: much, some and hardly any gain from batches.
 */
export const PROFILES: Readonly<Record<string, BatchTimes>> = {
  h100: [3.6, 4.9, 6.3, 6.7, 8.1, 9.5, 10.5, 11.5],
  big: line(1.5, 0.5),
  mid: line(1, 1),
  flat: line(0.4, 2.6),
};

/** Most crops a millisecond that batches of any size give. */
export function bestRate(times: BatchTimes): number {
  return Math.max(...times.map((time, i) => (i + 1) / time));
}

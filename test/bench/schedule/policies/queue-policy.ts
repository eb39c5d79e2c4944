import type { Milli } from '../../../../src/time.ts';
import type { BatchTimes } from '../profiles.ts';
import type { Policy } from '../simulate.ts';
import type { Job } from '../trace.ts';

/** What a baseline is told and keeps: the jobs that wait, by release. */
export interface Waiting {
  readonly jobs: readonly Job[];
  readonly times: BatchTimes;
  /** Indices of jobs. */
  readonly queue: number[];
}

/** What a baseline decides: how many of the first jobs to give up, and how many of those after them to do; or when to look again. */
export type Choice = { readonly give?: number; readonly take: number } | { readonly wakeAt: Milli };

/** A policy over one queue by release, as most systems have it. */
export function queuePolicy(
  jobs: readonly Job[],
  times: BatchTimes,
  choose: (waiting: Waiting, now: Milli) => Choice,
): Policy {
  const waiting: Waiting = { jobs, times, queue: [] };
  let wake: Milli = Infinity;
  return {
    offer: (job) => void waiting.queue.push(job),
    take: (_worker, now) => {
      wake = Infinity;
      if (waiting.queue.length === 0) return [];
      const choice = choose(waiting, now);
      if ('wakeAt' in choice) {
        wake = choice.wakeAt;
        return [];
      }
      waiting.queue.splice(0, choice.give ?? 0);
      return waiting.queue.splice(0, choice.take);
    },
    wakeAt: () => wake,
  };
}

/** Jobs from `from` on that fit into a batch of at most `most` crops. */
export function fitting({ jobs, queue }: Waiting, most: number, from = 0): number {
  let crops = 0;
  let count = 0;
  while (from + count < queue.length) {
    crops += jobs[queue[from + count]!]!.crops ?? 1;
    if (crops > most) break;
    count++;
  }
  return count;
}

/** Crops of `count` jobs from `from` on. */
export function cropsOf({ jobs, queue }: Waiting, from: number, count: number): number {
  let crops = 0;
  for (let i = from; i < from + count; i++) crops += jobs[queue[i]!]!.crops ?? 1;
  return crops;
}

/** The first jobs whose deadline is over or, with `margin`, cannot be met any more. */
export function hopeless(waiting: Waiting, now: Milli): number {
  const { jobs, queue, times } = waiting;
  let count = 0;
  while (count < queue.length && now + times[(jobs[queue[count]!]!.crops ?? 1) - 1]! > jobs[queue[count]!]!.deadline)
    count++;
  return count;
}

/** Most jobs from `from` on that can be one batch without the first being late. */
export function inTime(waiting: Waiting, now: Milli, from: number): number {
  const { jobs, queue, times } = waiting;
  const deadline = jobs[queue[from]!]!.deadline;
  const most = fitting(waiting, times.length, from);
  let count = 1;
  while (count < most && now + times[cropsOf(waiting, from, count + 1) - 1]! <= deadline) count++;
  return count;
}

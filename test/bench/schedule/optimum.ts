import type { Milli } from '../../../src/time.ts';
import { bestRate, type BatchTimes } from './profiles.ts';
import type { Job } from './trace.ts';

/** True if an earlier release never has a later deadline and each frame is one crop: what `optimum` is exact for. */
export function isAgreeable(jobs: readonly Job[]): boolean {
  return jobs.every((job, i) => (job.crops ?? 1) === 1 && (i === 0 || jobs[i - 1]!.deadline <= job.deadline));
}

/**
 * Most frames that any schedule, knowing all of them beforehand, does in time on one GPU. With `f[i][k]` the earliest end of k
 * of the first i frames, by release: `f[i][k] = min(f[i−1][k], min over b of max(f[i−b][k−b], r_i) + p(b))`, where the latter must
 * end by the deadline of the oldest frame of the batch. Exact because served frames can be put in the order of their releases,
 * and a batch can be made of the b frames up to its last one. Of each row only the k are kept that can still win: those above the
 * largest k that is done before the next release.
 */
export function optimum(jobs: readonly Job[], times: BatchTimes): number {
  const rows: Row[] = [{ from: 0, ends: [0] }];
  for (let i = 1; i <= jobs.length; i++) {
    rows.push(nextRow(jobs, { times, rows, i }));
    // Rows older than the largest batch are not looked at again.
    if (i > times.length) rows[i - times.length - 1] = NO_ROW;
  }
  const last = rows[jobs.length]!;
  return last.from + last.ends.length - 1;
}

/** `ends[j]`: earliest end of `from + j` frames. */
interface Row {
  readonly from: number;
  readonly ends: Milli[];
}
const NO_ROW: Row = { from: 0, ends: [] };

function nextRow(jobs: readonly Job[], at: { times: BatchTimes; rows: readonly Row[]; i: number }): Row {
  const { times, rows, i } = at;
  const before = rows[i - 1]!;
  const ends = [...before.ends, Infinity];
  const { release } = jobs[i - 1]!;
  for (let size = 1; size <= Math.min(times.length, i); size++) {
    const source = rows[i - size]!;
    const { deadline } = jobs[i - size]!;
    const time = times[size - 1]!;
    if (release + time > deadline) continue;
    for (let j = 0; j < source.ends.length; j++) {
      const to = source.from + j + size - before.from;
      const end = Math.max(source.ends[j]!, release) + time;
      if (end > deadline) break;
      if (to >= 0 && to < ends.length && end < ends[to]!) ends[to] = end;
    }
  }
  while (ends.length > 1 && ends.at(-1) === Infinity) ends.pop();
  return withoutBeaten({ from: before.from, ends }, jobs[i]?.release ?? -Infinity);
}

/** Leaves those out of which another does more and is done in time for the next release all the same. */
function withoutBeaten({ from, ends }: Row, next: Milli): Row {
  let beaten = 0;
  for (let j = ends.length - 1; j > 0 && beaten === 0; j--) if (ends[j]! <= next) beaten = j;
  return { from: from + beaten, ends: ends.slice(beaten) };
}

/** No schedule does more crops: the best rate of all batch sizes, all the time. For any trace and number of GPUs. */
export function fluidBound(jobs: readonly Job[], times: BatchTimes, gpus: number): number {
  let crops = 0;
  let last = -Infinity;
  for (const job of jobs) {
    crops += job.crops ?? 1;
    last = Math.max(last, job.deadline);
  }
  return Math.min(crops, gpus * (last - (jobs[0]?.release ?? 0)) * bestRate(times));
}

import { mean, quantile } from '../quantile.ts';
import type { Batch } from './simulate.ts';
import type { Job } from './trace.ts';

/** What became of a trace. */
export interface Figures {
  /** Crops done in time. */
  readonly crops: number;
  /** Share of frames done in time. */
  readonly onTime: number;
  /** Worst stream's share of frames done in time ÷ the mean of all streams. */
  readonly worst: number;
  /** Longest way from one frame done in time to the next of its stream, in strides of that stream (offered ÷ done). */
  readonly gapStrides: number;
  /** Share of GPU time that went into frames that were late. */
  readonly wasted: number;
  /** Release to result of the frames done in time, ms. */
  readonly p50: number;
  readonly p99: number;
  /** What a frame waited although it was there and its worker was free, ms: 99 of a hundred no longer. */
  readonly ownP99: number;
}

/** @param streams only these count; all if left out */
export function measure(
  jobs: readonly Job[],
  batches: readonly Batch[],
  streams?: (stream: number) => boolean,
): Figures {
  const inTime = new Uint8Array(jobs.length);
  const latencies: number[] = [];
  const own: number[] = [];
  const free: number[] = [];
  let busy = 0;
  let wasted = 0;
  for (const { worker, start, end, jobs: members } of batches) {
    busy += end - start;
    for (const job of members) {
      own.push(start - Math.max(jobs[job]!.release, free[worker] ?? 0));
      if (end <= jobs[job]!.deadline) {
        inTime[job] = 1;
        latencies.push(end - jobs[job]!.release);
      } else wasted += (end - start) / members.length;
    }
    free[worker] = end;
  }
  const counted = perStream(jobs, inTime).filter((_, stream) => streams?.(stream) ?? true);
  const shares = counted.map(({ offered, done }) => done / offered);
  const offered = counted.reduce((sum, stream) => sum + stream.offered, 0);
  return {
    crops: counted.reduce((sum, stream) => sum + stream.crops, 0),
    onTime: counted.reduce((sum, stream) => sum + stream.done, 0) / Math.max(1, offered),
    worst: shares.length === 0 ? 1 : Math.min(...shares) / (mean(shares) || 1),
    gapStrides: Math.max(0, ...counted.map(({ gap, offered: all, done }) => (done === 0 ? all : (gap * done) / all))),
    wasted: busy === 0 ? 0 : wasted / busy,
    p50: quantileOrNone(latencies, 0.5),
    p99: quantileOrNone(latencies, 0.99),
    ownP99: quantileOrNone(own, 0.99),
  };
}

/** 0 of nothing. */
function quantileOrNone(values: number[], share: number): number {
  return values.length === 0 ? 0 : quantile(values, share);
}

interface StreamCount {
  offered: number;
  done: number;
  crops: number;
  /** Longest way from one done to the next; the ends of the trace count as done. */
  gap: number;
  last: number;
}

function perStream(jobs: readonly Job[], inTime: Uint8Array): StreamCount[] {
  const streams = new Map<number, StreamCount>();
  jobs.forEach(({ stream, crops = 1 }, job) => {
    let count = streams.get(stream);
    if (!count) streams.set(stream, (count = { offered: 0, done: 0, crops: 0, gap: 0, last: -1 }));
    if (inTime[job]) {
      count.done++;
      count.crops += crops;
      count.gap = Math.max(count.gap, count.offered - count.last);
      count.last = count.offered;
    }
    count.offered++;
  });
  const all: StreamCount[] = [];
  for (const [stream, count] of streams)
    all[stream] = { ...count, gap: Math.max(count.gap, count.offered - count.last) };
  return all;
}

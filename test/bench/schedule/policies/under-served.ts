import type { BatchTimes } from '../profiles.ts';
import type { Policy } from '../simulate.ts';
import type { Job } from '../trace.ts';

/**
 * Most under-served stream first: of the jobs that can be in time in a batch of the most crops that there are such jobs for, those
 * whose streams had the smallest share of their frames. Fair by construction; deadlines come second.
 */
export function underServedFirst(jobs: readonly Job[], times: BatchTimes): Policy {
  let waiting: number[] = [];
  const offered = new Map<number, number>();
  const served = new Map<number, number>();
  const share = (job: number): number => (served.get(jobs[job]!.stream) ?? 0) / offered.get(jobs[job]!.stream)!;
  return {
    offer: (job) => {
      waiting.push(job);
      const { stream } = jobs[job]!;
      offered.set(stream, (offered.get(stream) ?? 0) + 1);
    },
    take: (_worker, now) => {
      waiting = waiting.filter((job) => now + times[(jobs[job]!.crops ?? 1) - 1]! <= jobs[job]!.deadline);
      const order = [...waiting].sort((a, b) => share(a) - share(b) || jobs[a]!.deadline - jobs[b]!.deadline);
      for (let size = times.length; size >= 1; size--) {
        const batch = fill(order, { jobs, size, ends: now + times[size - 1]! });
        if (batch.length === 0) continue;
        waiting = waiting.filter((job) => !batch.includes(job));
        for (const job of batch) served.set(jobs[job]!.stream, (served.get(jobs[job]!.stream) ?? 0) + 1);
        return batch;
      }
      return [];
    },
  };
}

/** A batch of exactly `size` crops of those that are not due before it ends; empty if there is none. */
function fill(
  order: readonly number[],
  { jobs, size, ends }: { jobs: readonly Job[]; size: number; ends: number },
): number[] {
  const batch: number[] = [];
  let crops = 0;
  for (const job of order) {
    const of = jobs[job]!.crops ?? 1;
    if (jobs[job]!.deadline < ends || crops + of > size) continue;
    batch.push(job);
    crops += of;
    if (crops === size) return batch;
  }
  return [];
}

import { readFileSync } from 'node:fs';

/** What a thread of the gateway or its children has used since it began, milliseconds. */
export interface ThreadSample {
  readonly pid: number;
  readonly thread: number;
  readonly role: 'gateway' | 'io' | 'pixel';
  /** Wall clock, ms: other processes read it too. */
  readonly at: number;
  readonly cpu: number;
  readonly gc: number;
}

/** Cores that the threads of one role took between two instants, and of these what garbage collection took. */
export interface RoleTimes {
  readonly cores: number;
  readonly gc: number;
}

/** Reads what thread-probe.ts wrote and sums it by role, between the instants `from` and `to`, ms. */
export function threadTimes(file: string, from: number, to: number): Record<ThreadSample['role'], RoleTimes> {
  const spans = new Map<string, { first: ThreadSample; last: ThreadSample }>();
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const sample = JSON.parse(line) as ThreadSample;
    if (sample.at < from || sample.at > to) continue;
    const key = `${sample.pid}/${sample.thread}`;
    const span = spans.get(key);
    if (span) span.last = sample;
    else spans.set(key, { first: sample, last: sample });
  }
  const sums = { gateway: { cores: 0, gc: 0 }, io: { cores: 0, gc: 0 }, pixel: { cores: 0, gc: 0 } };
  for (const { first, last } of spans.values()) {
    const wall = last.at - first.at;
    if (wall === 0) continue;
    sums[first.role].cores += (last.cpu - first.cpu) / wall;
    sums[first.role].gc += (last.gc - first.gc) / wall;
  }
  return sums;
}

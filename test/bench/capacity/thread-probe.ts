/**
 * Loaded before everything else into the gateway, its children and their threads (`--import`): once a second each thread
 * writes what processor time it has used and how much of it went into garbage collection. One line of JSON a sample.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { basename } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';
import type { ThreadSample } from './thread-times.ts';

const PERIOD = 1000;

const file = process.env['GUISE_BENCH_PROBE'];
if (file !== undefined) {
  let gc = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) gc += duration;
  }).observe({ entryTypes: ['gc'] });
  const program = basename(process.argv[1] ?? '', '.js');
  const role = program === 'main' ? 'gateway' : isMainThread ? 'io' : 'pixel';
  setInterval(() => {
    const sample: ThreadSample = { pid: process.pid, thread: threadId, role, at: Date.now(), cpu: threadCpu(), gc };
    appendFileSync(file, `${JSON.stringify(sample)}\n`);
  }, PERIOD).unref();
}

/** Milliseconds of processor time of the thread that asks (proc(5): first field of schedstat, nanoseconds). */
function threadCpu(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

/**
 * Loaded into a gateway's processes by `node --import`: in a media worker it watches how late the event loop of the I/O thread
 * is, and appends a line of JSON to the file that GUISE_LOOP_FILE names whenever SIGUSR2 comes.
 */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** Since the line before, milliseconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly p100: number;
  /** Resident memory now, MiB. */
  readonly resident: number;
}

/** Between two looks, milliseconds: what is measured contains it. */
const RESOLUTION = 1;

const file = process.env['GUISE_LOOP_FILE'];
if (isMainThread && file !== undefined && process.argv[1]?.endsWith('media-worker.js') === true) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const late = (nanoseconds: number): number => Math.max(0, Math.round(nanoseconds / 1e5 - 10 * RESOLUTION) / 10);
  process.on('SIGUSR2', () => {
    const line: LoopDelay = {
      p50: late(delay.percentile(50)),
      p99: late(delay.percentile(99)),
      p100: late(delay.max),
      resident: Math.round(process.memoryUsage.rss() / 2 ** 20),
    };
    delay.reset();
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  });
}

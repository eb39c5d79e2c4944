import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { quantile, round } from '../../quantile.ts';

/** How busy GPU 0 was and how much of its memory was in use, by nvidia-smi; null where there is none. */
export interface GpuUse {
  /** Median share of time in which something ran on it, 0–1. */
  readonly gpuBusy: number | null;
  readonly gpuMegabytes: number | null;
}

const QUERY = ['--id=0', '--query-gpu=utilization.gpu,memory.used', '--format=csv,noheader,nounits', '-lms', '250'];

/** Looks at GPU 0 four times a second until it is stopped. */
export function watchGpu(): { stop(): GpuUse } {
  const busy: number[] = [];
  let megabytes = 0;
  const child = spawn('nvidia-smi', QUERY, { stdio: ['ignore', 'pipe', 'ignore'] });
  // Without the program nothing is seen, which the figures say.
  child.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [share, used] = line.split(',').map(Number);
    if (share === undefined || used === undefined || !Number.isFinite(share)) return;
    busy.push(share / 100);
    megabytes = Math.max(megabytes, used);
  });
  return {
    stop: () => {
      child.kill();
      const seen = busy.length > 0;
      return { gpuBusy: seen ? round(quantile(busy, 0.5)) : null, gpuMegabytes: seen ? megabytes : null };
    },
  };
}

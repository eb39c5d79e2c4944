import { execFileSync } from 'node:child_process';
import { openMps, type GpuPlace } from '../gpu-place.ts';

/** A way to lose something that lanes depend on. */
export interface Strike {
  readonly name: string;
  hit(): Promise<void> | void;
}

/** What can befall GPU workers. @param worker finds the process of the one that is hit */
export function strikes(worker: () => number | Promise<number>, place: GpuPlace): readonly Strike[] {
  const shared: readonly Strike[] = [{ name: 'SIGKILL of the MPS server', hit: killMpsServer }];
  return [
    { name: 'a worker is stopped in order', hit: async () => stopInOrder(await worker(), place) },
    { name: 'SIGKILL of a worker', hit: async () => void process.kill(await worker(), 'SIGKILL') },
    ...(place.card === undefined ? [] : shared),
  ];
}

/** As its supervisor does it: MPS lets go of it first. The daemon is the broker's, so it is not closed here. */
async function stopInOrder(worker: number, place: GpuPlace): Promise<void> {
  const mps = await openMps(place);
  if (typeof mps !== 'string') await mps.terminate(worker);
  process.kill(worker, 'SIGKILL');
}

/** By its name: the daemon that is asked for it is the broker's. */
function killMpsServer(): void {
  const [pid] = execFileSync('pgrep', ['-f', 'nvidia-cuda-mps-server'], { encoding: 'utf8' }).trim().split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

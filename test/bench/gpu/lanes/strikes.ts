import { execFileSync } from 'node:child_process';
import { assert } from '../../../../src/errors.ts';
import type { BrokerHost } from '../../../../src/worker/broker-host/broker-host.ts';
import type { GpuPlace } from '../gpu-place.ts';

/** A way to lose something that lanes depend on. */
export interface Strike {
  readonly name: string;
  hit(): Promise<void> | void;
}

/** What can befall this host's GPU workers. */
export function strikes(host: BrokerHost, { card }: GpuPlace): readonly Strike[] {
  const signal = (name: NodeJS.Signals) => (): void => void process.kill(firstWorker(host), name);
  return [
    // A worker that stands still is seen to hang, and is then ended by the broker in MPS's order.
    { name: 'a worker hangs and is ended by its supervisor', hit: signal('SIGSTOP') },
    { name: 'SIGKILL of a worker', hit: signal('SIGKILL') },
    ...(card === undefined ? [] : [{ name: 'SIGKILL of the MPS server', hit: killMpsServer }]),
  ];
}

function firstWorker(host: BrokerHost): number {
  const pid = host.figures?.gpus[0]?.workers.find(({ state }) => state === 'running')?.pid;
  assert(pid !== undefined && pid !== null, 'a worker must be running');
  return pid;
}

/** By its name: the daemon that is asked for it is the broker's. */
function killMpsServer(): void {
  const [pid] = execFileSync('pgrep', ['-f', 'nvidia-cuda-mps-server'], { encoding: 'utf8' }).trim().split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { monotonic, type Milli } from '../../src/time.ts';
import type { Relay } from '../relay/relay.ts';
import type { LoadOrder, LoadReport, LoadResult } from './client/protocol.ts';
import type { GatewayProcess } from './gateway/gateway-process.ts';
import { cpuSeconds } from './gateway/proc.ts';
import { StationTimes } from './gateway/station-times.ts';

/** `GUISE_SESSIONS` is set so that admission does not cut the load that is to be measured. */
export const OPEN_DOOR = { GUISE_SESSIONS: '64' };

/** What one run of the load client and the gateway under it came to. */
export interface CallRun {
  readonly result: LoadResult;
  readonly stations: StationTimes;
  /** When the measured time began. */
  readonly begun: Milli;
  /** Cores that the gateway with its children took, and that the client took, in the measured time. */
  readonly cores: number;
  readonly clientCores: number;
}

export interface CallRunOptions {
  /** Through which all answers are led. */
  readonly relay?: Relay | undefined;
  /** Told when the measured time begins and ends. */
  readonly onPhase?: (phase: 'begin' | 'end') => void;
  /** Keeps the client on these processors, as taskset takes them. */
  readonly processors?: string;
}

/** Calls through a running gateway, by a load client in a process of its own. */
export async function runCalls(
  gateway: GatewayProcess,
  order: Omit<LoadOrder, 'gateway'>,
  { relay, onPhase, processors }: CallRunOptions = {},
): Promise<CallRun> {
  const stations = new StationTimes(gateway.url);
  let [seconds, cpu, clientCpu, begun] = [0, 0, 0, 0];
  const client = startClient({ ...order, gateway: gateway.url }, processors);
  const result = await client.talk(relay, (phase) => {
    const sign = phase === 'begin' ? -1 : 1;
    seconds += (sign * monotonic.now()) / 1000;
    cpu += sign * cpuSeconds(gateway.pids);
    clientCpu += sign * cpuSeconds([client.pid]);
    if (phase === 'begin') {
      stations.start();
      begun = monotonic.now();
    } else stations.stop();
    onPhase?.(phase);
  });
  return { result, stations, begun, cores: cpu / seconds, clientCores: clientCpu / seconds };
}

/** Frames of several clients' runs that were given up, by stage and reason. */
export function sumDrops(runs: readonly CallRun[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { result } of runs) {
    for (const [at, count] of Object.entries(result.drops)) drops[at] = (drops[at] ?? 0) + count;
  }
  return drops;
}

/** The last core of the machine, for clients that are to be counted apart. */
export const LAST_CORE = String(availableParallelism() - 1);

function startClient(order: LoadOrder, processors: string | undefined) {
  const program = [fileURLToPath(new URL('./client/load-client.js', import.meta.url)), JSON.stringify(order)];
  const pin = processors === undefined ? [] : ['taskset', '-c', processors];
  const [command, ...args] = [...pin, process.execPath, ...program] as [string, ...string[]];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  // taskset becomes the client: the process stays the same.
  const pid = child.pid!;
  const talk = async (relay: Relay | undefined, onPhase: (phase: 'begin' | 'end') => void): Promise<LoadResult> => {
    let result: LoadResult | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const report = JSON.parse(line) as LoadReport;
      if (report.type === 'result') ({ result } = report);
      else if (report.type === 'answer') child.stdin.write(`${JSON.stringify(await relay!.through(report.sdp))}\n`);
      else onPhase(report.type);
    }
    if (!result) throw new Error('the load client must give a result');
    return result;
  };
  return { pid, talk };
}

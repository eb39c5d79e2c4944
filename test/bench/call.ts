import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { monotonic } from '../../src/time.ts';
import type { LoadOrder, LoadReport, LoadResult } from './client/protocol.ts';
import { GatewayProcess } from './gateway/gateway-process.ts';
import { cpuSeconds } from './gateway/proc.ts';
import { StationTimes } from './gateway/station-times.ts';
import { quantile, round } from './quantile.ts';

/** A client loop that stalls longer than this at p99, ms, has measured itself. */
const STALL = 5;

/** The JSON of `bench call`. Times in milliseconds. */
export interface CallFigures {
  readonly streams: number;
  readonly sentFrames: number;
  readonly onTime: { readonly fraction: number };
  readonly delivered: { readonly fps: number };
  readonly addedLatencyMs: { readonly p50: number; readonly p99: number };
  readonly stationsMs: { readonly p50: number };
  readonly firstFrameMs: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly cpuCores: number;
  readonly clientLoopMs: { readonly p99: number };
  readonly pictureOk: boolean;
}

/** `GUISE_SESSIONS` is set so that admission does not cut the load that is to be measured. */
const OPEN_DOOR = { GUISE_SESSIONS: '64' };

/** Calls through the real gateway, by a load client in a process of its own. */
export async function benchCall(order: Omit<LoadOrder, 'gateway'>): Promise<CallFigures> {
  const gateway = await GatewayProcess.start(OPEN_DOOR);
  try {
    const stations = new StationTimes(gateway.url);
    let [seconds, cpu] = [0, 0];
    const result = await runLoadClient({ ...order, gateway: gateway.url }, (type) => {
      const sign = type === 'begin' ? -1 : 1;
      seconds += (sign * monotonic.now()) / 1000;
      cpu += sign * cpuSeconds(gateway.pids);
      if (type === 'begin') stations.start();
      else stations.stop();
    });
    remark(result);
    return {
      streams: order.streams,
      sentFrames: result.sentFrames,
      onTime: { fraction: round(result.onTime / result.sentFrames, 4) },
      delivered: { fps: round(result.deliveredFps) },
      addedLatencyMs: {
        p50: round(quantile(result.latencies, 0.5), 1),
        p99: round(quantile(result.latencies, 0.99), 1),
      },
      stationsMs: { p50: round(stations.median, 1) },
      firstFrameMs: round(result.firstFrameMs, 0),
      drops: result.drops,
      cpuCores: round(cpu / seconds),
      clientLoopMs: { p99: round(result.clientLoopP99) },
      pictureOk: result.pictureOk,
    };
  } finally {
    await gateway.stop();
  }
}

/** What a figure alone would not tell, on stderr. */
function remark(result: LoadResult): void {
  const { worstOnTime, notSwapped, exposed, strays, undecodable, keyframeRequests, background, looked } = result;
  const rest = { notSwapped, exposed, strays, undecodable, keyframeRequests, looked };
  const { connectedMs, firstReturnMs, firstFrameMs } = result;
  console.error(
    `offer to connection ${round(connectedMs, 0)} ms, first picture ${round(firstReturnMs, 0)}, first swapped ${round(firstFrameMs, 0)}`,
  );
  console.error(`worst stream on time ${round(worstOnTime, 4)}, background at least ${round(background, 1)} dB`, rest);
  if (result.clientLoopP99 > STALL) {
    console.error(
      `the client's own loop stalled ${round(result.clientLoopP99)} ms at p99: latencies are too high by that`,
    );
  }
}

async function runLoadClient(order: LoadOrder, onPhase: (phase: 'begin' | 'end') => void): Promise<LoadResult> {
  const program = fileURLToPath(new URL('./client/load-client.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let result: LoadResult | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const report = JSON.parse(line) as LoadReport;
    if (report.type === 'result') ({ result } = report);
    else onPhase(report.type);
  }
  if (!result) throw new Error('the load client must give a result');
  return result;
}

import { monotonic, type Milli } from '../../src/time.ts';
import { Relay } from '../relay/relay.ts';
import { OPEN_DOOR, runCalls } from './call-run.ts';
import type { LoadOrder, LoadResult } from './client/protocol.ts';
import type { Repair } from './client/stream.ts';
import { GatewayProcess } from './gateway/gateway-process.ts';
import { stepsOf, type ImpairText } from './impair/impair-text.ts';
import { queued } from './network/link-use.ts';
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
  /** Of a call whose way was spoiled: a frame is on time within 400 ms then, from sent to whole, back and in order. */
  readonly impaired?: ImpairedFigures;
}

/** What the relay and the client's repair had to do; packets of all streams from the measured time on. */
export interface ImpairedFigures {
  /** As it was asked for. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly rebind: boolean;
  readonly up: WayFigures;
  readonly down: WayFigures;
  readonly repair: Repair;
}

interface WayFigures {
  readonly packets: number;
  /** Lost by chance or in the blackout, and dropped before a full queue, shares of the packets. */
  readonly lost: number;
  readonly overflow: number;
  readonly mbit: number;
  readonly queueMs: { readonly p50: number; readonly p95: number };
}

/** What is asked for beside the load. */
export interface CallOptions {
  /** `GUISE_MEDIA_TRANSPORT` of the gateway. */
  readonly transport?: string;
  readonly impair?: ImpairText;
}

/** Calls through the real gateway, by a load client in a process of its own. */
export async function benchCall(
  order: Omit<LoadOrder, 'gateway' | 'impaired'>,
  { transport, impair }: CallOptions = {},
): Promise<CallFigures> {
  const gateway = await GatewayProcess.start({ ...OPEN_DOOR, ...(transport && { GUISE_MEDIA_TRANSPORT: transport }) });
  const relay = impair && new Relay({ seed: order.seed });
  try {
    const { result, stations, begun, cores } = await runCalls(
      gateway,
      { ...order, impaired: impair !== undefined },
      { relay, onPhase: (phase) => phase === 'begin' && impair && relay?.start(stepsOf(impair)) },
    );
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
      cpuCores: round(cores),
      clientLoopMs: { p99: round(result.clientLoopP99) },
      pictureOk: result.pictureOk,
      ...(impair && relay && { impaired: impairedFigures(impair, relay, begun, result) }),
    };
  } finally {
    relay?.close();
    await gateway.stop();
  }
}

function impairedFigures(impair: ImpairText, relay: Relay, begun: Milli, { repair }: LoadResult): ImpairedFigures {
  const way = (direction: 'up' | 'down'): WayFigures => {
    const records = relay.records(direction, begun);
    const share = (...reasons: (string | undefined)[]) =>
      round(records.filter(({ loss }) => loss !== undefined && reasons.includes(loss)).length / records.length, 4);
    const seconds = (monotonic.now() - begun) / 1000;
    const { p50, p95 } = queued(records, begun, Infinity);
    return {
      packets: records.length,
      lost: share('lost', 'cut'),
      overflow: share('overflow'),
      mbit: round(records.reduce((sum, { size }) => sum + size * 8, 0) / seconds / 1e6),
      queueMs: { p50: round(p50, 1), p95: round(p95, 1) },
    };
  };
  return { ...impair, up: way('up'), down: way('down'), repair };
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

import { monotonic, type Milli } from '../../../src/time.ts';
import { encodedClip } from '../../media/clip.ts';
import { Random } from '../../media/random.ts';
import type { LoadOrder } from '../client/protocol.ts';
import { Signalling } from '../client/signalling.ts';
import { Stream } from '../client/stream.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { residentBytes } from '../gateway/proc.ts';
import { quantile, round } from '../quantile.ts';
import { readHeld, readSettled, sumOf } from './held.ts';
import { slope } from './slope.ts';
import { Unrest } from './unrest.ts';
import { pace } from './visit.ts';

const MINUTE: Milli = 60_000;

export type SoakOrder = Pick<LoadOrder, 'width' | 'height' | 'codec' | 'budget' | 'identity' | 'seed'> & {
  readonly minutes: number;
  /** Default 30. */
  readonly frameRate?: number;
  readonly transport?: 'werift' | 'libdatachannel';
  /** A room beside the call, and something happens every few seconds (unrest.ts). */
  readonly restless?: boolean;
};

interface MinuteFigures {
  readonly minute: number;
  /** Of the gateway and its children at the end of the minute. */
  readonly residentMb: number;
  /** At the end of the minute, when guests have left. */
  readonly handles: number;
  readonly objects: number;
  readonly addedLatencyMs: { readonly p50: number; readonly p99: number };
  /** Share of the minute's frames that came back. */
  readonly back: number;
}

/** The JSON of `bench soak`: one entry a minute. */
export interface SoakFigures {
  readonly minutes: readonly MinuteFigures[];
  /** Memory at the end against that after a third of the time. */
  readonly growth: number;
  /** Slope of the minutes' median latencies, ms a minute. */
  readonly latencyTrend: number;
  /** What happened, if it was restless. */
  readonly events?: Readonly<Record<string, number>>;
}

/** One long call: does memory or latency grow? The client runs in this process, which does nothing else. */
export async function benchSoak(order: SoakOrder): Promise<SoakFigures> {
  const { width, height, codec, budget, identity, frameRate = 30, transport = 'werift' } = order;
  const clip = await encodedClip({ script: 'talk', width, height, frameRate }, codec);
  const gateway = await GatewayProcess.start({ GUISE_MEDIA_TRANSPORT: transport, GUISE_SESSIONS: '64' });
  try {
    const { url } = gateway;
    const worn = identity.startsWith('mask:') ? identity : 'mask:porcelain';
    const signalling = await Signalling.open(url, { identity: worn, budget, codec });
    const random = new Random(order.seed);
    // An ICE restart can break a busy call off for a second, and then the gateway may choose its timestamps anew.
    const stream = new Stream(clip, signalling, random, { keep: false, impaired: order.restless === true });
    await stream.connect();
    const pacing = pace(stream, clip, random.next());
    const identities = [worn, 'mask:gold', 'mask:tiger'];
    const place = { url, clip, random, identities, restart: transport === 'werift' };
    const unrest = order.restless === true ? await Unrest.open(place, { signalling, stream }) : undefined;
    const minutes = await eachMinute(order.minutes, gateway, { stream, unrest });
    await unrest?.close();
    pacing.stop();
    await stream.close();
    const third = minutes[Math.max(0, Math.floor(minutes.length / 3) - 1)]!;
    return {
      minutes,
      growth: round(minutes.at(-1)!.residentMb / third.residentMb - 1, 4),
      latencyTrend: round(slope(minutes.map(({ addedLatencyMs }) => addedLatencyMs.p50)), 3),
      ...(unrest && { events: unrest.counts }),
    };
  } finally {
    await gateway.stop();
  }
}

async function eachMinute(
  count: number,
  gateway: GatewayProcess,
  { stream, unrest }: { readonly stream: Stream; readonly unrest: Unrest | undefined },
): Promise<MinuteFigures[]> {
  const minutes: MinuteFigures[] = [];
  let objects: number | undefined;
  for (let minute = 1; minute <= count; minute++) {
    const from = monotonic.now();
    await (unrest?.stir(MINUTE) ?? new Promise((resolve) => setTimeout(resolve, MINUTE)));
    const residentMb = round(residentBytes(gateway.pids) / 1e6, 1);
    const held = await (objects === undefined ? readHeld(gateway) : readSettled(gateway, objects));
    objects ??= sumOf(held, 'objects');
    minutes.push({ minute, ...figuresOf(stream, from), residentMb, handles: sumOf(held, 'handles'), objects });
    console.error(JSON.stringify(minutes.at(-1)));
  }
  return minutes;
}

function figuresOf(stream: Stream, from: Milli): Pick<MinuteFigures, 'addedLatencyMs' | 'back'> {
  const sent = stream.sent.filter((frame) => frame.sent >= from);
  const latencies = sent.flatMap(({ sent: at, back }) => (back === undefined ? [] : [back - at]));
  return {
    addedLatencyMs: { p50: round(quantile(latencies, 0.5), 1), p99: round(quantile(latencies, 0.99), 1) },
    back: round(latencies.length / sent.length, 4),
  };
}

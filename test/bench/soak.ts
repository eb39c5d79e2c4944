import { monotonic, type Milli } from '../../src/time.ts';
import { encodedClip } from '../media/clip.ts';
import { Random } from '../media/random.ts';
import type { LoadOrder } from './client/protocol.ts';
import { Signalling } from './client/signalling.ts';
import { paceStreams, Stream } from './client/stream.ts';
import { GatewayProcess } from './gateway/gateway-process.ts';
import { residentBytes } from './gateway/proc.ts';
import { quantile, round } from './quantile.ts';

const MINUTE: Milli = 60_000;

/** The JSON of `bench soak`: one entry a minute. */
export interface SoakFigures {
  readonly minutes: readonly {
    readonly minute: number;
    /** Of the gateway and its children at the end of the minute. */
    readonly residentMb: number;
    readonly addedLatencyMs: { readonly p50: number; readonly p99: number };
    /** Share of the minute's frames that came back. */
    readonly back: number;
  }[];
  /** Memory at the end against minute 3, and the slope of the minutes' median latencies, ms a minute. */
  readonly growth: number;
  readonly latencyTrend: number;
}

/** One long call: does memory or latency grow? The client runs in this process, which does nothing else. */
export async function benchSoak(
  order: Omit<LoadOrder, 'gateway' | 'seconds' | 'impaired'> & { readonly minutes: number },
): Promise<SoakFigures> {
  const { width, height, codec, budget, identity, minutes: length } = order;
  const clip = await encodedClip({ script: 'talk', width, height }, codec);
  const gateway = await GatewayProcess.start();
  try {
    const worn = identity.startsWith('mask:') ? identity : 'mask:porcelain';
    const signalling = await Signalling.open(gateway.url, { identity: worn, budget, codec });
    const random = new Random(order.seed);
    const stream = new Stream(clip, signalling, random, { keep: false });
    await stream.connect();
    const sendFrame = () => stream.sendFrame();
    const pacing = paceStreams([{ sendFrame, phase: random.next(), frameRate: clip.frameRate }]);
    const minutes: SoakFigures['minutes'][number][] = [];
    for (let minute = 1; minute <= length; minute++) {
      const from = monotonic.now();
      await new Promise((resolve) => setTimeout(resolve, MINUTE));
      const last = { minute, ...figuresOf(stream, from), residentMb: round(residentBytes(gateway.pids) / 1e6, 1) };
      minutes.push(last);
      console.error(JSON.stringify(last));
    }
    pacing.stop();
    await stream.close();
    const third = minutes[2] ?? minutes[0]!;
    return {
      minutes,
      growth: round(minutes.at(-1)!.residentMb / third.residentMb - 1, 4),
      latencyTrend: round(slope(minutes.map(({ addedLatencyMs }) => addedLatencyMs.p50)), 3),
    };
  } finally {
    await gateway.stop();
  }
}

function figuresOf(stream: Stream, from: Milli) {
  const sent = stream.sent.filter((frame) => frame.sent >= from);
  const latencies = sent.flatMap(({ sent: at, back }) => (back === undefined ? [] : [back - at]));
  return {
    addedLatencyMs: { p50: round(quantile(latencies, 0.5), 1), p99: round(quantile(latencies, 0.99), 1) },
    back: round(latencies.length / sent.length, 4),
  };
}

/** Least-squares slope of values one step apart. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  let [up, down] = [0, 0];
  values.forEach((value, index) => {
    up += (index - middle) * value;
    down += (index - middle) ** 2;
  });
  return down === 0 ? 0 : up / down;
}

import { monotonic, type Milli } from '../../src/time.ts';
import { encodedClip } from '../media/clip.ts';
import { Random } from '../media/random.ts';
import type { LoadOrder } from './client/protocol.ts';
import { Signalling } from './client/signalling.ts';
import { paceStreams, Stream, type SentFrame } from './client/stream.ts';
import { GatewayProcess } from './gateway/gateway-process.ts';
import { quantile, round } from './quantile.ts';

/** How long the media workers stand still, and how often. */
const STALL: Milli = 400;
const TIMES = 6;
/** Frames in a row that have to be back in normal time. */
const IN_A_ROW = 5;

/** The JSON of `bench stall`. */
export interface StallFigures {
  /** Of each stall: frames sent after its end until latency is normal again and stays so; -1 if that never came. */
  readonly framesUntilNormal: readonly number[];
  /** What counts as normal, ms: the 95th percentile of the frames before each stall, and half as much again. */
  readonly normalMs: readonly number[];
}

const wait = (duration: Milli): Promise<void> => new Promise((resolve) => setTimeout(resolve, duration));

/** Stops the media workers (SIGSTOP) for 400 ms in a running call, again and again: how soon is the latency as before? */
export async function benchStall(order: Omit<LoadOrder, 'gateway' | 'seconds' | 'impaired'>): Promise<StallFigures> {
  const { width, height, codec, budget } = order;
  const clip = await encodedClip({ script: 'talk', width, height }, codec);
  const gateway = await GatewayProcess.start();
  try {
    const signalling = await Signalling.open(gateway.url, { identity: 'mask:porcelain', budget, codec });
    const random = new Random(order.seed);
    const stream = new Stream(clip, signalling, random, { keep: false });
    await stream.connect();
    const sendFrame = () => stream.sendFrame();
    const pacing = paceStreams([{ sendFrame, phase: random.next(), frameRate: clip.frameRate }]);
    await wait(3000);
    const stalls: { begun: Milli; ended: Milli }[] = [];
    for (let i = 0; i < TIMES; i++) {
      await wait(2000);
      const workers = gateway.mediaWorkers;
      const begun = monotonic.now();
      for (const pid of workers) process.kill(pid, 'SIGSTOP');
      await wait(STALL);
      for (const pid of workers) process.kill(pid, 'SIGCONT');
      stalls.push({ begun, ended: monotonic.now() });
    }
    await wait(2000);
    pacing.stop();
    await stream.close();
    const found = stalls.map(({ begun, ended }) => recovery(stream.sent, begun, ended));
    return { framesUntilNormal: found.map(({ frames }) => frames), normalMs: found.map(({ normal }) => normal) };
  } finally {
    await gateway.stop();
  }
}

function recovery(sent: readonly SentFrame[], begun: Milli, ended: Milli): { frames: number; normal: number } {
  const latency = ({ sent: at, back }: SentFrame) => (back === undefined ? Infinity : back - at);
  const before = sent.filter(({ sent: at }) => at > begun - 1000 && at < begun - 100).map(latency);
  const normal = 1.5 * quantile(before, 0.95);
  const after = sent
    .filter(({ sent: at }) => at >= ended && at < ended + 1500)
    .map((frame) => latency(frame) <= normal);
  const frames = after.findIndex((_, i) => after.slice(i, i + IN_A_ROW).every(Boolean));
  return { frames, normal: round(normal, 1) };
}

/** The load client: a process of its own, so that its work and the gateway's do not share an event loop. */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { monotonic, type Milli } from '../../../src/time.ts';
import { encodedClip, type ClipSettings } from '../../media/clip.ts';
import { ParentRelay } from '../impair/parent-relay.ts';
import { portraitFile } from '../../media/portrait.ts';
import { Random } from '../../media/random.ts';
import type { LoadOrder, LoadReport } from './protocol.ts';
import { Refused, Signalling, uploadPhoto } from './signalling.ts';
import { Stream, paceStreams } from './stream.ts';
import { summarise, type ToldOutcomes } from './summary.ts';

/** From the first answer of the last stream to the measured time: rate control and JIT settle. */
const WARM_UP: Milli = 3000;
/** Frames still on their way when the measured time ends get so long. */
const TAIL: Milli = 600;
/** Between streams that begin one after the other: the gateway has learned by then what the last one costs. */
const APART: Milli = 5000;

function report(message: LoadReport): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const wait = (duration: Milli): Promise<void> => new Promise((resolve) => setTimeout(resolve, duration));

/** Undefined if the gateway has no room and that is allowed. */
async function openSession(order: LoadOrder, identity: string): Promise<Signalling | undefined> {
  const { gateway, budget, codec, width, height, recipe } = order;
  // Admission goes by what a session may send.
  const maximumSide = order.admitted ? Math.max(width, height) : 1920;
  try {
    return await Signalling.open(gateway, {
      identity,
      budget,
      codec,
      maximumSide,
      ...(recipe !== undefined && { swap: recipe }),
    });
  } catch (error) {
    if (order.admitted && error instanceof Refused && error.code === 'capacity_full') return undefined;
    throw error;
  }
}

async function main(order: LoadOrder): Promise<void> {
  const { gateway, codec, width, height } = order;
  const settings: ClipSettings = { script: 'talk', width, height };
  const clip = await encodedClip(settings, codec);
  const random = new Random(order.seed);
  const identity =
    order.identity === 'astronaut' || order.identity === 'hopper'
      ? await uploadPhoto(gateway, readFileSync(portraitFile(order.identity)))
      : order.identity;

  const relay = order.impaired ? new ParentRelay() : undefined;
  const drops: Record<string, number> = {};
  let measuring = false;
  const streams: Stream[] = [];
  const outcomes: ToldOutcomes[] = [];
  const sessions: Signalling[] = [];
  const pacing: { stop: () => void }[] = [];
  const begin = async (stream: Stream): Promise<void> => {
    await stream.connect(relay && ((answer) => relay.through(answer)));
    // A camera runs before the call does: frames flow from the moment the connection stands.
    const sendFrame = () => stream.sendFrame();
    pacing.push(paceStreams([{ sendFrame, phase: random.next(), frameRate: clip.frameRate }]));
  };
  for (let i = 0; i < order.streams; i++) {
    const signalling = await openSession(order, identity);
    if (!signalling) continue;
    const stream = new Stream(clip, signalling, random, { impaired: order.impaired });
    const told: ToldOutcomes = { unswapped: 0, firstSwapped: NaN, seconds: [] };
    signalling.onMessage = (message) => {
      if (message.type !== 'statistics') return;
      const { swapped, hidden, reused } = message.figures;
      const at = monotonic.now();
      if (swapped > 0 && Number.isNaN(told.firstSwapped)) told.firstSwapped = at;
      if (order.record) told.seconds.push({ at, hidden, reused });
      if (!measuring) return;
      told.unswapped += hidden + reused;
      for (const [at, count] of Object.entries(message.figures.drops)) drops[at] = (drops[at] ?? 0) + count;
    };
    streams.push(stream);
    outcomes.push(told);
    sessions.push(signalling);
    if (!order.admitted) continue;
    await begin(stream);
    await wait(APART);
  }
  if (!order.admitted) await Promise.all(streams.map(begin));
  while (streams.some(({ returned }) => returned.length === 0)) await wait(20);
  await wait(WARM_UP);

  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  measuring = true;
  report({ type: 'begin' });
  const from = monotonic.now();
  await wait(order.seconds * 1000);
  const to = monotonic.now();
  report({ type: 'end' });
  measuring = false;
  loop.disable();
  for (const { stop } of pacing) stop();
  await wait(TAIL);
  const ended = sessions.map(({ isOpen }) => !isOpen);
  await Promise.all(streams.map((stream) => stream.close()));
  // The timer that measures fires a millisecond after it is due at best.
  const clientLoopP99 = Math.max(0, loop.percentile(99) / 1e6 - 1);
  report({
    type: 'result',
    result: await summarise(order, settings, clip, streams, {
      from,
      to,
      clientLoopP99,
      drops,
      outcomes,
      ended,
      refused: order.streams - streams.length,
    }),
  });
}

await main(JSON.parse(process.argv[2] ?? '') as LoadOrder);
process.exit(0);

import { monotonic, type Milli } from '../../../src/time.ts';
import { round } from '../quantile.ts';
import { carried, offered, queued, settled } from './link-use.ts';
import { longestPause, seen, untilFrames } from './seen.ts';
import { Stage, wait, type StageOptions } from './stage.ts';

/** What a row of the table gave. */
export interface RowResult {
  readonly row: string;
  /** What is to be reached, in words. */
  readonly reach: string;
  readonly reached: boolean;
  readonly figures: Readonly<Record<string, number>>;
  /** Frames that the gateway gave up in the whole call, by `stage:reason`. */
  readonly drops?: Readonly<Record<string, number>>;
}

/** From the first picture to the measured time. */
const SETTLE: Milli = 5000;
/** Length of the windows in which rates are taken. */
const WINDOW: Milli = 500;
const CAP = 1_000_000;
const CAPPED: Milli = 20_000;
const LIFTED: Milli = 15_000;
const BLACKOUT: Milli = 3000;

const mbit = (bitsPerSecond: number): number => round(bitsPerSecond / 1e6);

async function steady(options: StageOptions, stage: Stage) {
  const page = await stage.call();
  await wait(SETTLE);
  const from = monotonic.now();
  await wait(options.seconds * 1000);
  return seen(await page.samples(), from, monotonic.now());
}

/** Random loss and 50 ms on both ways, from before the call begins. */
export async function loss(options: StageOptions, percent: 2 | 10): Promise<RowResult[]> {
  const way = { loss: percent, delay: 50 };
  const stage = await Stage.open(options, { up: way, down: way });
  try {
    const { fps, encodedFps, frozen, freezes, longestFreezeMs, jitterBufferMs, received, sent, keyframesWanted } =
      await steady(options, stage);
    const good = percent === 2 ? fps >= 29.5 && freezes === 0 : fps >= 28 && frozen <= 0.02;
    const figures = {
      fps: round(fps, 1),
      frozenShare: round(frozen, 4),
      freezes,
      longestFreezeMs: round(longestFreezeMs, 0),
      jitterBufferMs: round(jitterBufferMs, 0),
      receivedMbit: mbit(received),
      sentMbit: mbit(sent),
      encodedFps: round(encodedFps, 1),
      keyframesWanted,
    };
    const reach = percent === 2 ? 'fps ≥ 29.5, no freeze' : 'fps ≥ 28, frozen ≤ 2 %';
    return [{ row: `loss${percent}`, reach, reached: good, figures, drops: stage.drops }];
  } finally {
    await stage.close();
  }
}

/** The way back is capped 5 s after the first picture, for 20 s; then the cap is lifted. */
export async function cap(options: StageOptions): Promise<RowResult[]> {
  const stage = await Stage.open(options);
  try {
    const page = await stage.call();
    await wait(SETTLE);
    const capped = stage.relay.start([
      { at: 0, down: { rate: CAP / 1000, queue: 500 } },
      { at: CAPPED, down: { rate: Infinity } },
    ]);
    const lifted = capped + CAPPED;
    await wait(CAPPED + LIFTED);
    const [down, samples] = [stage.relay.records('down'), await page.samples()];
    const before = offered(down, capped - 3000, capped);
    const underCap = settled(down, { from: capped, to: lifted, window: WINDOW }, (rate) => rate <= CAP);
    const queue = queued(down, capped + 3000, lifted);
    const used = carried(down, capped + 10_000, lifted) / CAP;
    const { longestFreezeMs, fps } = seen(samples, capped, lifted);
    const back = settled(down, { from: lifted, to: lifted + LIFTED, window: WINDOW }, (rate) => rate >= 0.9 * before);
    const after = offered(down, lifted + LIFTED - 3000, lifted + LIFTED);
    return [
      {
        row: 'cap',
        reach: 'under the cap ≤ 2 s, freeze ≤ 500 ms, standing queue (p50) ≤ 100 ms after 3 s, use ≥ 0.85 after 10 s',
        reached: underCap <= 2000 && longestFreezeMs <= 500 && queue.p50 <= 100 && used >= 0.85,
        figures: {
          beforeMbit: mbit(before),
          underCapMs: round(underCap, 0),
          longestFreezeMs: round(longestFreezeMs, 0),
          queueP50Ms: round(queue.p50, 0),
          queueP95Ms: round(queue.p95, 0),
          used: round(used, 3),
          fps: round(fps, 1),
          overflow: stage.relay.counters('down').overflow,
        },
        drops: stage.drops,
      },
      {
        row: 'lift',
        reach: '≥ 90 % of the old rate ≤ 10 s',
        reached: back <= 10_000,
        figures: { beforeMbit: mbit(before), backMs: round(back, 0), afterMbit: mbit(after) },
      },
    ];
  } finally {
    await stage.close();
  }
}

/** Nothing passes for 3 s, both ways. */
export async function blackout(options: StageOptions): Promise<RowResult[]> {
  const stage = await Stage.open(options);
  try {
    const page = await stage.call();
    await wait(SETTLE);
    const cut = stage.relay.start([
      { at: 0, up: { cut: true }, down: { cut: true } },
      { at: BLACKOUT, up: { cut: false }, down: { cut: false } },
    ]);
    await wait(BLACKOUT + 8000);
    const samples = await page.samples();
    const back = untilFrames(samples, cut + BLACKOUT, 1);
    const moving = untilFrames(samples, cut + BLACKOUT, 15);
    const { fps } = seen(samples, cut + BLACKOUT + 4000, monotonic.now());
    const figures = { backMs: round(back, 0), fifteenFramesMs: round(moving, 0), fpsAfter: round(fps, 1) };
    return [
      {
        row: 'blackout',
        reach: 'a picture ≤ 1.5 s after the link is back',
        reached: back <= 1500,
        figures,
        drops: stage.drops,
      },
    ];
  } finally {
    await stage.close();
  }
}

/** The browser's port towards the gateway changes, and the old one is dead. */
export async function rebind(options: StageOptions): Promise<RowResult[]> {
  const stage = await Stage.open(options);
  try {
    const page = await stage.call();
    await wait(SETTLE);
    const at = monotonic.now();
    stage.relay.rebind();
    await wait(8000);
    const samples = await page.samples();
    const pause = longestPause(samples, at - 200, at + 6000);
    const { fps } = seen(samples, at + 4000, monotonic.now());
    const figures = { pauseMs: round(pause, 0), fpsAfter: round(fps, 1) };
    return [{ row: 'rebind', reach: 'no pause > 2 s', reached: pause <= 2000, figures, drops: stage.drops }];
  } finally {
    await stage.close();
  }
}

/** Two calls share one way back of 3 Mbit/s. */
export async function fair(options: StageOptions): Promise<RowResult[]> {
  const stage = await Stage.open(options, { down: { rate: 3000, queue: 500 } });
  try {
    const pages = [await stage.call(), await stage.call()];
    await wait(3 * SETTLE);
    const from = monotonic.now();
    await wait(options.seconds * 1000);
    const to = monotonic.now();
    const down = stage.relay.records('down');
    const [one = NaN, other = NaN] = [0, 1].map((flow) => carried(down, from, to, flow));
    const share = Math.min(one, other) / (one + other);
    const frames = await Promise.all(pages.map(async (page) => seen(await page.samples(), from, to).fps));
    const figures = {
      smallerShare: round(share, 3),
      oneMbit: mbit(one),
      otherMbit: mbit(other),
      queueP50Ms: round(queued(down, from, to).p50, 0),
      leastFps: round(Math.min(...frames), 1),
    };
    return [{ row: 'fair', reach: 'the smaller ≥ 40 %', reached: share >= 0.4, figures, drops: stage.drops }];
  } finally {
    await stage.close();
  }
}

/** What Chromium itself sends over a perfect link. */
export async function uplink(options: StageOptions): Promise<RowResult[]> {
  const stage = await Stage.open(options);
  try {
    const page = await stage.call();
    await wait(8000);
    const samples = await page.samples();
    const begun = samples.find(({ framesEncoded }) => framesEncoded > 0)?.at ?? NaN;
    const up = stage.relay.records('up');
    const reachedAt = settled(up, { from: begun, to: begun + 8000, window: WINDOW }, (rate) => rate >= 2.4e6);
    const figures = {
      reachedMs: round(reachedAt, 0),
      thirdSecondMbit: mbit(offered(up, begun + 2000, begun + 3000)),
      laterMbit: mbit(offered(up, begun + 5000, begun + 7000)),
      estimateMbit: mbit(samples.at(-1)?.available ?? NaN),
      width: samples.at(-1)?.sentWidth ?? NaN,
    };
    return [{ row: 'uplink', reach: '≥ 2.4 Mbit/s ≤ 3 s', reached: reachedAt <= 3000, figures, drops: stage.drops }];
  } finally {
    await stage.close();
  }
}

/** The browser's jitter buffer on a clean link, against a plain echo of its own packets. */
export async function buffer(options: StageOptions): Promise<RowResult[]> {
  const of = async (plain: boolean): Promise<number> => {
    const stage = await Stage.open(options, {}, plain);
    try {
      return (await steady(options, stage)).jitterBufferMs;
    } finally {
      await stage.close();
    }
  };
  const [echo, call] = [await of(true), await of(false)];
  const figures = { echoMs: round(echo, 1), callMs: round(call, 1) };
  return [{ row: 'buffer', reach: '≤ a plain echo’s + 10 ms', reached: call <= echo + 10, figures }];
}

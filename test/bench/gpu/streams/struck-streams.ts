import { assert } from '../../../../src/errors.ts';
import { monotonic, type Milli } from '../../../../src/time.ts';
import { sumDrops } from '../../call-run.ts';
import { busiestOf, commandOf } from '../../gateway/proc.ts';
import { sumOf } from '../../gateway/station-times.ts';
import { round, sum } from '../../quantile.ts';
import { during } from '../driven-worker.ts';
import { findPlace, say } from '../gpu-place.ts';
import { strikes, type Strike } from '../lanes/strikes.ts';
import { GpuGateway, type StreamsOrder } from './gpu-gateway.ts';
import { seenOfStrike, type SeenOfStrike } from './struck-figures.ts';

const SECOND: Milli = 1000;
/** Measured before the strike, and after it, seconds. */
const BEFORE = 3;
const WATCHED = 14;
/** For lost workers to be there again; more is a hang. */
const BACK_LIMIT: Milli = 120_000;

/** What streams through the whole gateway saw when something was lost. */
interface StruckFigures extends SeenOfStrike {
  readonly strike: string;
  readonly streams: number;
  /** Pictures that showed the caller's own face, before and after; where the network makes another one. */
  readonly exposed: number;
  readonly workersReplaced: number;
  readonly drops: Readonly<Record<string, number>>;
}

/**
 * So many streams through the whole gateway, in the last of the order's ways, one strike after the other.
 * @param chosen parts of the names of the strikes that are wanted; empty: all
 */
export async function benchStruckStreams(order: StreamsOrder, chosen: readonly string[]): Promise<object> {
  const way = order.ways.at(-1);
  assert(way !== undefined, 'an order has ways');
  const place = await findPlace({ provider: order.provider, network: order.network, seconds: 0 });
  const begun = monotonic.now();
  const gateway = await GpuGateway.start(order, way);
  try {
    const startMs = round(monotonic.now() - begun, 0);
    say(`all GPU workers are ready after ${startMs} ms`);
    let victim: Promise<number> | undefined;
    const all = strikes(() => victim!, place);
    const wanted = all.filter(({ name }) => chosen.length === 0 || chosen.some((part) => name.includes(part)));
    const struck: StruckFigures[] = [];
    for (const strike of wanted) {
      const choose = (): void => void (victim = workerAtWork(gateway));
      struck.push(await suffer(gateway, { strike, choose, streams: way.from, budget: order.load.budget }));
      say(JSON.stringify(struck.at(-1)));
    }
    return { way, network: order.network, boost: order.boost, startMs, struck };
  } finally {
    await gateway.stop();
  }
}

interface Suffering {
  readonly strike: Strike;
  /** Chooses the worker that is hit. */
  readonly choose: () => void;
  readonly streams: number;
  readonly budget: Milli;
}

async function suffer(gateway: GpuGateway, { strike, choose, streams, budget }: Suffering): Promise<StruckFigures> {
  const workers = await metric(gateway, 'guise_gpu_workers');
  const replaced = await metric(gateway, 'guise_gpu_worker_restarts_total');
  let striking: Promise<Milli> | undefined;
  const runs = await gateway.call(streams, {
    seconds: BEFORE + WATCHED + 1,
    record: true,
    // Of several clients the first one counts.
    onPhase: (phase) => {
      if (phase === 'begin') striking ??= hit(strike, choose);
    },
  });
  assert(striking !== undefined, 'the measured time has begun');
  const at = await striking;
  await allBack(gateway, workers);
  const records = runs.flatMap(({ result }) => result.records ?? []);
  return {
    strike: strike.name,
    streams,
    ...seenOfStrike(records, { at, budget, before: BEFORE - 1, watched: WATCHED }),
    exposed: sum(runs, ({ result }) => result.exposed),
    workersReplaced: (await metric(gateway, 'guise_gpu_worker_restarts_total')) - replaced,
    drops: sumDrops(runs),
  };
}

/** @returns when it struck */
async function hit({ name, hit: strike }: Strike, choose: () => void): Promise<Milli> {
  choose();
  await during(BEFORE * SECOND);
  const at = monotonic.now();
  await strike();
  say(`${name}: done in ${round(monotonic.now() - at, 0)} ms`);
  return at;
}

/** The GPU worker that does most: not a spare one. */
function workerAtWork({ process }: GpuGateway): Promise<number> {
  return busiestOf(process.pids.filter((pid) => commandOf(pid).includes('gpu-worker')));
}

async function allBack(gateway: GpuGateway, workers: number): Promise<void> {
  const limit = monotonic.now() + BACK_LIMIT;
  // Figures of before a loss are told for up to a second after it.
  await during(SECOND);
  while ((await metric(gateway, 'guise_gpu_workers')) < workers) {
    if (monotonic.now() > limit) throw new Error('all GPU workers must come back');
    await during(100);
  }
}

async function metric({ process }: GpuGateway, name: string): Promise<number> {
  return sumOf(await (await fetch(`${process.url}/metrics`)).text(), name);
}

import { assert } from '../../../../src/errors.ts';
import { gpuSchema, type GpuSettings } from '../../../../src/config/gpu.ts';
import { createLog } from '../../../../src/log.ts';
import { monotonic, type Milli } from '../../../../src/time.ts';
import { BrokerHost } from '../../../../src/worker/broker-host/broker-host.ts';
import { networkFile } from '../../../gpu/networks/networks.ts';
import { quantile, round } from '../../quantile.ts';
import { during } from '../driven-worker.ts';
import { findPlace, say, type GpuOrder, type GpuPlace } from '../gpu-place.ts';
import { strikes, type Strike } from './strikes.ts';
import { LaneLoad, type Offered } from './lane-load.ts';

const RECIPE = 'bench';
const FRAME_RATE = 30;
/** What a session with a budget of 80 ms has left for the way to the GPU and back. */
const BUDGET: Milli = 50;
/** Loads, of the best rate that was measured. */
const LOADS = [0.6, 0.85, 1.2] as const;
/** Load at which something is lost, and how long it is watched. */
const STRUCK_AT = 0.6;
const WATCHED: Milli = 15_000;
/** Offered at first, of the rate that the profile promises, to see what can be had. */
const SATURATING = 2;
const SETTLING: Milli = 1_000;

/** How lanes fared at a load. */
interface LoadFigures {
  readonly load: number;
  readonly lanes: number;
  readonly offered: number;
  /** Share of the frames that came back in time, of all and of the worst lane. */
  readonly onTime: number;
  readonly worstOnTime: number;
  /** Faces a second back in time, of the best rate measured. */
  readonly goodput: number;
  /** How long those that came back in time were away. */
  readonly awayMs: { readonly p50: number; readonly p99: number };
  /** Frames by how they ended, and batches by their crops, as the broker counts them. */
  readonly ends: Counts;
  readonly batches: Counts;
}

type Counts = Readonly<Record<string, number>>;

/** How lanes fared when something was lost. */
interface StruckFigures {
  readonly strike: string;
  /** Most frames that one lane lost, and how many lanes lost any. */
  readonly lostMost: number;
  readonly lanesHit: number;
  readonly lanes: number;
  /** From the strike to the last frame that was lost by it. */
  readonly fullRateMs: number;
  readonly workersReplaced: number;
  /** Frames lost in each second after the strike, of all lanes. */
  readonly lostEachSecond: readonly number[];
}

/**
 * Broker, scheduler and GPU workers alone, with lanes that offer what pixel threads would: start, best rate, goodput under load,
 * and what lanes lose when workers or the MPS server are lost.
 * @param gpus the first so many; what is lost is the first one's
 */
export async function benchGpuLanes(order: GpuOrder, gpus: number): Promise<object> {
  const place = await findPlace(order);
  const starts: number[] = [];
  const firstFaces: number[] = [];
  const start = async (): Promise<BrokerHost> => {
    const begun = monotonic.now();
    const host = await BrokerHost.open({ gpu: settingsOf(place, gpus), log: createLog('bench'), clock: monotonic });
    await host.start();
    starts.push(round(monotonic.now() - begun, 0));
    firstFaces.push(round(await firstFace(host), 1));
    return host;
  };
  // The first start reads the files from the disk and chooses kernels; the second finds what is kept.
  await (await start()).close();
  const host = await start();
  try {
    const profiled = await profiledRate(host);
    const saturated = await fare(host, { load: SATURATING, rate: profiled, seconds: order.seconds });
    const best = Math.max(profiled, saturated.goodput * profiled);
    say(JSON.stringify({ starts, firstFaces, profiled, saturated, best }));
    const loads: LoadFigures[] = [];
    for (const load of LOADS) {
      loads.push(await fare(host, { load, rate: best, seconds: order.seconds }));
      say(JSON.stringify(loads.at(-1)));
    }
    const struck: StruckFigures[] = [];
    for (const strike of strikes(() => firstWorker(host), place)) {
      struck.push(await suffer(host, { strike, rate: best }));
      say(JSON.stringify(struck.at(-1)));
    }
    const { provider, network, card, reason } = place;
    const facesPerSecond = { profiled: round(profiled, 0), saturated: round(saturated.goodput * profiled, 0) };
    const [coldMs, warmMs] = starts;
    return {
      provider,
      network,
      card: card?.name ?? reason,
      gpus,
      coldMs,
      warmMs,
      firstFaces,
      facesPerSecond,
      loads,
      struck,
    };
  } finally {
    await host.close();
  }
}

function settingsOf({ provider, network, card }: GpuPlace, gpus: number): GpuSettings {
  const recipe = {
    name: RECIPE,
    file: networkFile(network),
    size: 128,
    template: 'arcface_128',
    source: { kind: 'embedding', embedder: networkFile('tiny-embedder') },
  };
  const devices = Array.from({ length: gpus }, (_, index) => index);
  return gpuSchema.parse({ provider, devices, recipes: [recipe], mps: { mode: card === undefined ? 'off' : 'on' } });
}

async function profiledRate(host: BrokerHost): Promise<number> {
  await allRunning(host);
  return host.figures!.recipes[0]!.facesPerSecond;
}

async function allRunning(host: BrokerHost): Promise<void> {
  // Figures of before a loss are told for up to a second after it.
  await during(SETTLING);
  const workers = (): { readonly state: string }[] => host.figures?.gpus.flatMap((gpu) => gpu.workers) ?? [];
  while (workers().length === 0 || workers().some(({ state }) => state !== 'running')) await during(50);
}

/** From opening the first lane to its first face. */
async function firstFace(host: BrokerHost): Promise<Milli> {
  const begun = monotonic.now();
  const load = await LaneLoad.open({ socket: host.socket, recipe: RECIPE, lanes: 1, budget: 1000, seed: 1 });
  load.start();
  while (!load.offered.some(({ inTime }) => inTime)) await during(1);
  load.close();
  return monotonic.now() - begun;
}

async function fare(
  host: BrokerHost,
  { load, rate, seconds }: { readonly load: number; readonly rate: number; readonly seconds: number },
): Promise<LoadFigures> {
  const lanes = Math.max(1, Math.round((load * rate) / FRAME_RATE));
  const laneLoad = await LaneLoad.open({ socket: host.socket, recipe: RECIPE, lanes, budget: BUDGET, seed: lanes });
  laneLoad.start();
  await during(SETTLING);
  const [ends, batches] = [host.figures?.ends ?? {}, host.figures?.batches ?? {}];
  const from = monotonic.now();
  await during(1000 * seconds);
  const to = monotonic.now();
  await during(2 * BUDGET);
  const offered = laneLoad.between(from, to);
  laneLoad.close();
  const each = shares(offered, lanes);
  const away = offered.filter((frame) => frame.inTime).map(({ took }) => took);
  const inTime = away.length;
  return {
    load,
    lanes,
    offered: offered.length,
    onTime: round(inTime / offered.length, 4),
    worstOnTime: round(Math.min(...each), 4),
    goodput: round((1000 * inTime) / (to - from) / rate, 4),
    awayMs: { p50: round(quantile(away, 0.5), 1), p99: round(quantile(away, 0.99), 1) },
    ends: since(ends, host.figures?.ends),
    batches: since(batches, host.figures?.batches),
  };
}

/** Counts that have grown; the broker tells its figures each second, so they are those of about this time. */
function since(before: Counts, now: Counts = {}): Counts {
  const grown = Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

/** Share in time of each lane's frames. */
function shares(offered: readonly Offered[], lanes: number): number[] {
  const counts = Array.from({ length: lanes }, () => ({ all: 0, inTime: 0 }));
  for (const { lane, inTime } of offered) {
    counts[lane]!.all++;
    if (inTime) counts[lane]!.inTime++;
  }
  return counts.map(({ all, inTime }) => inTime / Math.max(1, all));
}

async function suffer(
  host: BrokerHost,
  { strike, rate }: { readonly strike: Strike; readonly rate: number },
): Promise<StruckFigures> {
  const lanes = Math.max(1, Math.round((STRUCK_AT * rate) / FRAME_RATE));
  const load = await LaneLoad.open({ socket: host.socket, recipe: RECIPE, lanes, budget: BUDGET, seed: lanes });
  load.start();
  await during(2 * SETTLING);
  // What was lost before must be there again, spare workers too.
  await allRunning(host);
  const replaced = workersReplaced(host);
  const struck = monotonic.now();
  await strike.hit();
  await during(WATCHED);
  // Lost are those that were on their way too.
  const lost = load.between(struck - BUDGET, Infinity).filter(({ inTime }) => !inTime);
  load.close();
  const each = Array.from({ length: lanes }, (_, lane) => lost.filter((frame) => frame.lane === lane).length);
  return {
    strike: strike.name,
    lostMost: Math.max(...each),
    lanesHit: each.filter((count) => count > 0).length,
    lanes,
    fullRateMs: round(Math.max(0, ...lost.map(({ at }) => at - struck)), 0),
    workersReplaced: workersReplaced(host) - replaced,
    lostEachSecond: Array.from(
      { length: WATCHED / 1000 },
      (_, second) => lost.filter(({ at }) => Math.floor(Math.max(0, at - struck) / 1000) === second).length,
    ),
  };
}

function firstWorker(host: BrokerHost): number {
  const pid = host.figures?.gpus[0]?.workers.find(({ works }) => works)?.pid;
  assert(pid !== undefined && pid !== null, 'a worker must be at work');
  return pid;
}

function workersReplaced(host: BrokerHost): number {
  return (host.figures?.gpus ?? []).flatMap(({ workers }) => workers).reduce((sum, { replaced }) => sum + replaced, 0);
}

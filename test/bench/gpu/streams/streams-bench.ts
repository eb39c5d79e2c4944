import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPEN_DOOR, runCalls, type CallRun } from '../../call-run.ts';
import type { LoadOrder } from '../../client/protocol.ts';
import { GatewayProcess } from '../../gateway/gateway-process.ts';
import { quantile, round } from '../../quantile.ts';
import { networkFile, type NetworkName } from '../../../gpu/networks/networks.ts';
import { besideOf, swapRecipe } from '../../../support/swap-recipes.ts';
import { watchGpu, type GpuUse } from './gpu-use.ts';

/** A stream is carried if this share of its frames comes back swapped and in time. */
const CARRIED = 0.99;
const STEP = 2;
/** Loading and profiling takes seconds on a GPU, a minute on a busy processor; more is a hang. */
const START_LIMIT = 180_000;
/** Name of the recipe in the settings of the gateway. */
const RECIPE = 'bench';

/** How the GPU is shared among the streams. Everything else is the same gateway, with the same way through the processor. */
interface Way {
  readonly name: WayName;
  readonly workersPerGpu: number;
  readonly maximumBatch: number;
  readonly mps: 'on' | 'off';
  /** Streams to try first. */
  readonly from: number;
}

export type WayName = 'exclusive' | 'shared' | 'guise';

/** Each stream's crops for themselves, in turns; for themselves, side by side; in batches, side by side. The best of a name counts. */
export const WAYS: readonly Way[] = [
  { name: 'exclusive', workersPerGpu: 1, maximumBatch: 1, mps: 'off', from: 12 },
  { name: 'exclusive', workersPerGpu: 2, maximumBatch: 1, mps: 'off', from: 14 },
  { name: 'exclusive', workersPerGpu: 4, maximumBatch: 1, mps: 'off', from: 10 },
  { name: 'shared', workersPerGpu: 4, maximumBatch: 1, mps: 'on', from: 14 },
  { name: 'shared', workersPerGpu: 6, maximumBatch: 1, mps: 'on', from: 16 },
  { name: 'guise', workersPerGpu: 2, maximumBatch: 8, mps: 'on', from: 24 },
];

export interface StreamsOrder {
  readonly load: Omit<LoadOrder, 'gateway' | 'impaired' | 'streams' | 'recipe'>;
  /** A generated network that takes an embedding. */
  readonly network: NetworkName;
  /** Pixel boost. */
  readonly boost: number;
  /** Whether the recipe has masks and an enhancer, of published shapes on a GPU. */
  readonly beside: boolean;
  readonly provider: 'cuda' | 'cpu';
  readonly ways: readonly Way[];
  /** Lists of processors as taskset takes them, one load client each. Empty: one client anywhere. */
  readonly clients: readonly string[];
}

/** Streams tried in one way. */
export interface Tried extends GpuUse {
  readonly streams: number;
  /** Share of the frames that came back swapped in time, of all and of the worst client's worst stream. */
  readonly onTime: number;
  readonly p50: number;
  readonly p99: number;
  /** Cores of the gateway and its children, and of the load clients. */
  readonly cores: number;
  readonly clientCores: number;
  readonly firstFrameMs: number;
  /** Milliseconds of each station for a frame of a stream at 30 a second. */
  readonly stationMs: Readonly<Record<string, number>>;
  readonly drops: Readonly<Record<string, number>>;
}

export interface WayFigures extends Way {
  /** Most streams that were carried. */
  readonly carried: number;
  /** From the start of the gateway to its readiness with warm GPU workers, ms. */
  readonly startMs: number;
  readonly tried: readonly Tried[];
}

/** How many streams a GPU carries through the whole gateway, one way of sharing it after the other. */
export async function benchStreams(order: StreamsOrder): Promise<{ readonly ways: readonly WayFigures[] }> {
  const ways: WayFigures[] = [];
  for (const way of order.ways) {
    ways.push(await measureWay(order, way));
    console.error(JSON.stringify(ways.at(-1)));
  }
  return { ways };
}

async function measureWay(order: StreamsOrder, way: Way): Promise<WayFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'guise-streams-'));
  const file = join(folder, 'guise.json');
  writeFileSync(file, JSON.stringify({ gpu: gpuSettings(order, way) }));
  const begun = performance.now();
  const gateway = await GatewayProcess.start({ ...OPEN_DOOR, GUISE_CONFIG: file });
  try {
    await brokerReady(gateway.url);
    const startMs = round(performance.now() - begun, 0);
    // What has never run is compiled in seconds that are not counted.
    await tryStreams(gateway, order, way.from);
    const tried: Tried[] = [];
    const carried = await findMost(way.from, async (streams) => {
      const one = await tryStreams(gateway, order, streams);
      console.error(JSON.stringify({ ...way, ...one }));
      tried.push(one);
      return one.onTime >= CARRIED;
    });
    return { ...way, carried, startMs, tried };
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  }
}

/** The gateway takes calls before its GPU workers are warm; what is measured is both. */
export async function brokerReady(url: string): Promise<void> {
  const limit = performance.now() + START_LIMIT;
  for (;;) {
    const { gpu } = (await (await fetch(`${url}/healthz`)).json()) as { readonly gpu?: { readonly broker: string } };
    if (gpu?.broker === 'ready') return;
    if (performance.now() > limit) throw new Error(`the broker must become ready [broker:${gpu?.broker}]`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The most streams that are carried, in steps of `STEP`: up from `from` while they are, else down until they are. */
async function findMost(from: number, isCarried: (streams: number) => Promise<boolean>): Promise<number> {
  let streams = from;
  if (await isCarried(streams)) {
    while (await isCarried(streams + STEP)) streams += STEP;
    return streams;
  }
  while ((streams -= STEP) > 0) if (await isCarried(streams)) return streams;
  return 0;
}

function gpuSettings({ network, boost, beside, provider }: StreamsOrder, way: Way): object {
  const { workersPerGpu, maximumBatch, mps } = way;
  const { file, size } = swapRecipe(network);
  return {
    provider,
    workersPerGpu,
    // Nothing is lost here, and a spare one takes its time to load.
    spareWorkers: 0,
    mps: { mode: mps },
    recipes: [
      {
        name: RECIPE,
        file,
        size,
        template: 'arcface_128',
        source: { kind: 'embedding', embedder: networkFile('tiny-embedder') },
        // A face that is cut more finely must fit a batch.
        maximumBatch: Math.max(maximumBatch, boost ** 2),
        boost,
        ...(beside && besideOf(provider)),
      },
    ],
  };
}

/** All clients at once; each counts for itself, since each has its own clock of frames. */
async function tryStreams(gateway: GatewayProcess, order: StreamsOrder, streams: number): Promise<Tried> {
  const { load, clients } = order;
  const places = clients.length === 0 ? [undefined] : clients.slice(0, streams);
  const gpu = watchGpu();
  const runs = await Promise.all(
    places.map((processors, index) => {
      const share = Math.floor((streams + index) / places.length);
      const one = { ...load, streams: share, seed: load.seed + index, recipe: RECIPE, impaired: false };
      return runCalls(gateway, one, { ...(processors !== undefined && { processors }) });
    }),
  );
  const latencies = runs.flatMap(({ result }) => [...result.latencies].filter(Number.isFinite));
  return {
    streams,
    onTime: round(Math.min(...runs.map(({ result }) => result.worstOnTime)), 4),
    p50: round(quantile(latencies, 0.5), 1),
    p99: round(quantile(latencies, 0.99), 1),
    cores: round(Math.max(...runs.map(({ cores }) => cores))),
    clientCores: round(sum(runs, ({ clientCores }) => clientCores)),
    firstFrameMs: round(Math.max(...runs.map(({ result }) => result.firstFrameMs)), 0),
    stationMs: stationsOf(runs, streams),
    drops: sumDrops(runs),
    ...gpu.stop(),
  };
}

/** Each client's figures are those of the whole gateway. */
function stationsOf([first]: readonly CallRun[], streams: number): Record<string, number> {
  const entries = Object.entries(first!.stations.cores).filter(([, cores]) => cores > 0);
  return Object.fromEntries(entries.map(([station, cores]) => [station, round((1000 * cores) / (30 * streams), 2)]));
}

function sumDrops(runs: readonly CallRun[]): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { result } of runs) {
    for (const [at, count] of Object.entries(result.drops)) drops[at] = (drops[at] ?? 0) + count;
  }
  return drops;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

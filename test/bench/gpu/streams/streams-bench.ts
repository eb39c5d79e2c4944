import { sumDrops, type CallRun } from '../../call-run.ts';
import { quantile, round, sum } from '../../quantile.ts';
import { GpuGateway, type StreamsOrder, type Way } from './gpu-gateway.ts';
import { watchGpu, type GpuUse } from './gpu-use.ts';

/** A stream is carried if this share of its frames comes back swapped and in time. */
const CARRIED = 0.99;
const STEP = 2;
/** Seconds, after the warm-up of the clients. */
const COMPILING = 3;

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
  const begun = performance.now();
  // Nothing is lost here, and a spare one takes its time to load.
  const gateway = await GpuGateway.start(order, way, 0);
  try {
    const startMs = round(performance.now() - begun, 0);
    // What has never run is compiled in seconds that are not counted.
    await gateway.call(way.from, { seconds: COMPILING });
    const tried: Tried[] = [];
    const carried = await findMost(way.from, async (streams) => {
      const one = await tryStreams(gateway, streams);
      console.error(JSON.stringify({ ...way, ...one }));
      tried.push(one);
      return one.onTime >= CARRIED;
    });
    return { ...way, carried, startMs, tried };
  } finally {
    await gateway.stop();
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

async function tryStreams(gateway: GpuGateway, streams: number): Promise<Tried> {
  const gpu = watchGpu();
  const runs = await gateway.call(streams);
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

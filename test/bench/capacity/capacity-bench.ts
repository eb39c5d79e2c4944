import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SendCodec } from '../../../src/codec/codec.ts';
import type { Station } from '../../../src/session/statistics.ts';
import { LAST_CORE, OPEN_DOOR, runCalls, type CallRun } from '../call-run.ts';
import type { LoadOrder } from '../client/protocol.ts';
import { GatewayProcess } from '../gateway/gateway-process.ts';
import { round } from '../quantile.ts';
import { stationsAlone } from './stations-alone.ts';
import { threadTimes } from './thread-times.ts';

const SIZES = { '720p30': { width: 1280, height: 720 }, '480p30': { width: 640, height: 480 } } as const;
const CODECS = ['vp8', 'h264'] as const;
/** A session is carried if this share of its frames is on time, the worst one's too. */
const CARRIED = 0.99;
/** So many more sessions than are carried are asked for to see what admission does. */
const TOO_MANY = 3;
/** One session and its stations are looked at so often, in turn; the middle ratio counts, since what neighbours do lies in each. */
const ROUNDS = 3;
/** More sessions than any two cores carry: the search ends here. */
const MOST = 64;

type SizeName = keyof typeof SIZES;
type Load = Omit<LoadOrder, 'gateway' | 'impaired' | 'streams' | 'width' | 'height' | 'codec'>;

/** The JSON of `bench capacity`. Cores are seconds of processor time a second. */
export interface CapacityFigures {
  /** Sessions with at least 99 % of their frames on time, the worst one's too; admission is out of the way. */
  readonly sessions: Readonly<Record<SizeName, Readonly<Record<(typeof CODECS)[number], number>>>>;
  /** 1280×720, VP8: of more sessions than that, how many the gateway lets in, and the worst one's frames on time. */
  readonly admission: { readonly asked: number; readonly admitted: number; readonly onTime: number };
  /** Of one 1280×720 session, VP8 both ways: the gateway with its children, and the client. */
  readonly cores: number;
  readonly clientCores: number;
  /** Those cores over what decode, track, swap and encode take alone, and over what decode and encode do. */
  readonly ratioToStations: number;
  readonly ratioToCodec: number;
  /** Share of the busy time of the media workers' threads that went into garbage collection. */
  readonly gcShare: number;
  /** Where the cores of that session go. `transport` is the thread that does the session's I/O. */
  readonly breakdown: Readonly<Record<'transport' | 'decode' | 'track' | 'swap' | 'encode' | 'other', number>>;
}

/** How many sessions this machine carries, and what one takes. The client stays on one core and is counted apart. */
export async function benchCapacity(load: Load): Promise<CapacityFigures> {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await againstStations(load));
  const shown = rounds.sort((a, b) => a.ratioToStations - b.ratioToStations)[ROUNDS >> 1]!;
  const sessions = { '720p30': { vp8: 0, h264: 0 }, '480p30': { vp8: 0, h264: 0 } };
  for (const size of Object.keys(SIZES) as SizeName[]) {
    for (const codec of CODECS) sessions[size][codec] = await mostCarried(load, size, codec);
  }
  return { sessions, admission: await admission(load, sessions['720p30'].vp8 + TOO_MANY), ...shown };
}

/** One session through the gateway against its stations alone just before. */
async function againstStations(load: Load) {
  const alone = await stationsAlone({ script: 'talk', ...SIZES['720p30'] }, load.identity, load.seconds);
  const { cores, clientCores, gcShare, breakdown } = await oneSession(load);
  const codec = alone.decode + alone.encode;
  const figures = {
    cores: round(cores, 3),
    clientCores: round(clientCores, 3),
    ratioToStations: round(cores / (codec + alone.face)),
    ratioToCodec: round(cores / codec),
    gcShare: round(gcShare, 4),
    breakdown,
  };
  console.error(JSON.stringify({ alone, ...figures }));
  return figures;
}

/** One session, thread by thread. */
async function oneSession(load: Load) {
  const folder = mkdtempSync(join(tmpdir(), 'guise-capacity-'));
  const file = join(folder, 'threads.jsonl');
  const probe = new URL('./thread-probe.js', import.meta.url).href;
  const gateway = await GatewayProcess.start({ NODE_OPTIONS: `--import ${probe}`, GUISE_BENCH_PROBE: file });
  const span = { begin: 0, end: 0 };
  try {
    const order = { ...load, ...SIZES['720p30'], codec: 'vp8', streams: 1, impaired: false } as const;
    const run = await runCalls(gateway, order, {
      processors: LAST_CORE,
      onPhase: (phase) => (span[phase] = Date.now()),
    });
    const { io, pixel } = threadTimes(file, span.begin, span.end);
    const { cores, clientCores } = run;
    return {
      cores,
      clientCores,
      gcShare: (io.gc + pixel.gc) / (io.cores + pixel.cores),
      breakdown: breakdownOf(run, io.cores),
    };
  } finally {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  }
}

function breakdownOf({ cores, stations }: CallRun, transport: number): CapacityFigures['breakdown'] {
  const of = (...names: Station[]): number => names.reduce((sum, name) => sum + (stations.cores[name] ?? 0), 0);
  const known = {
    transport,
    decode: of('decode', 'copy'),
    track: of('track'),
    swap: of('swap', 'composite'),
    encode: of('encode'),
  };
  const other = cores - Object.values(known).reduce((sum, share) => sum + share, 0);
  return {
    transport: round(known.transport, 3),
    decode: round(known.decode, 3),
    track: round(known.track, 3),
    swap: round(known.swap, 3),
    encode: round(known.encode, 3),
    other: round(other, 3),
  };
}

/** Tries one session more each time until one is not carried; a failed try is made twice, since machines are noisy. */
async function mostCarried(load: Load, size: SizeName, codec: SendCodec): Promise<number> {
  for (let streams = 1; streams <= MOST; streams++) {
    if (!(await carried(load, size, codec, streams)) && !(await carried(load, size, codec, streams))) {
      return streams - 1;
    }
  }
  return MOST;
}

async function carried(load: Load, size: SizeName, codec: SendCodec, streams: number): Promise<boolean> {
  const gateway = await GatewayProcess.start(OPEN_DOOR);
  try {
    const order = { ...load, ...SIZES[size], codec, streams, impaired: false };
    const { result, cores, clientCores } = await runCalls(gateway, order, { processors: LAST_CORE });
    const { worstOnTime } = result;
    const figures = { size, codec, streams, worstOnTime: round(worstOnTime, 4), cores: round(cores) };
    console.error(JSON.stringify({ ...figures, clientCores: round(clientCores) }));
    return worstOnTime >= CARRIED;
  } finally {
    await gateway.stop();
  }
}

/** Sessions ask to be let in one after the other, as at a gateway that is set up as it comes. */
async function admission(load: Load, asked: number): Promise<CapacityFigures['admission']> {
  const gateway = await GatewayProcess.start();
  try {
    const order = {
      ...load,
      ...SIZES['720p30'],
      codec: 'vp8',
      streams: asked,
      impaired: false,
      admitted: true,
    } as const;
    const { result } = await runCalls(gateway, order, { processors: LAST_CORE });
    return { asked, admitted: asked - result.refused, onTime: round(result.worstOnTime, 4) };
  } finally {
    await gateway.stop();
  }
}

import type { Milli } from '../../../src/time.ts';

/** A frame of a stream that wants to be swapped. */
export interface Job {
  /** Streams are numbered from 0. */
  readonly stream: number;
  /** When it is there. */
  readonly release: Milli;
  /** When it must be done. */
  readonly deadline: Milli;
  /** Its crops; 1 if left out. */
  readonly crops?: number;
}

/** Jobs by rising release. */
export interface Trace {
  readonly jobs: readonly Job[];
  /** Tier of each stream; all 0 if left out. */
  readonly tiers?: readonly number[];
}

/** A seeded stream of numbers in 0–1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface TraceOptions {
  readonly streams: number;
  readonly seconds: number;
  readonly seed: number;
  /** Time that each frame has; default one period at 30 fps. */
  readonly budget?: Milli;
  /** Frames a second, dealt out to the streams in turn; default 30. */
  readonly rates?: readonly number[];
  /** Mean of the exponential delay of each frame; default 2. */
  readonly jitter?: Milli;
  /** Share of frames that wait for the next one of their stream, as after a loss; default 0. */
  readonly bursts?: number;
  /** Crops of each frame, dealt out to the streams in turn; default 1. */
  readonly faces?: readonly number[];
  /** Share of streams that come late or leave early; default 0. */
  readonly leaving?: number;
  /** Tier of each stream, by its number; default all 0. */
  readonly tier?: (stream: number) => number;
}

/** N cameras of random phase; deadlines count from the release, so that an earlier release never has a later deadline. */
export function makeTrace(options: TraceOptions): Trace {
  const { streams, seconds, budget = 1000 / 30, rates = [30], faces = [1], tier = () => 0 } = options;
  const random = seeded(options.seed);
  const jobs: Job[] = [];
  for (let stream = 0; stream < streams; stream++) {
    const crops = faces[stream % faces.length]!;
    for (const release of releases(options, { period: 1000 / rates[stream % rates.length]!, random }))
      if (release < seconds * 1000) jobs.push({ stream, release, deadline: release + budget, crops });
  }
  jobs.sort((a, b) => a.release - b.release);
  return { jobs, tiers: Array.from({ length: streams }, (_, stream) => tier(stream)) };
}

/** When the frames of one stream are there. */
function releases(options: TraceOptions, { period, random }: { period: Milli; random: () => number }): Milli[] {
  const { seconds, jitter = 2, bursts = 0, leaving = 0 } = options;
  const length = seconds * 1000;
  const [comes, goes] = random() < leaving ? [random() * 0.5 * length, length * (0.5 + random() * 0.5)] : [0, length];
  const found: Milli[] = [];
  let last = 0;
  let held = false;
  for (let at = comes + random() * period; at < goes; at += period) {
    const wait = -jitter * Math.log(1 - random());
    last = Math.max(last, at + wait);
    if (held) found[found.length - 1] = last;
    held = bursts > 0 && random() < bursts;
    found.push(last);
  }
  return found;
}

import { PROFILES, bestRate, type BatchTimes } from './profiles.ts';
import type { Noise } from './simulate.ts';
import { makeTrace, type Trace, type TraceOptions } from './trace.ts';

export const LOADS = [0.5, 0.8, 0.95, 1.1, 1.5, 2] as const;
/** 10 % deviation, and one batch in a hundred takes three times as long. */
export const NOISE: Noise = { deviation: 0.1, spikes: 0.01 };
const STEADY: Noise = { deviation: 0.1, spikes: 0 };
/** How many times longer a trace with spikes is at least: in 3 to 6 s there are two to four of them, and one more is a third more. */
const SPIKES_STRETCH = 10;

/** One run of the bench. */
export interface Case {
  /** What is special about it. */
  readonly kind: string;
  readonly profile: string;
  readonly times: BatchTimes;
  readonly load: number;
  readonly noise?: Noise;
  readonly gpus: number;
  readonly trace: Trace;
}

interface Kind extends Partial<Omit<TraceOptions, 'streams' | 'seconds' | 'seed'>> {
  readonly gpus?: number;
}

/** What varies, beside the fixed cases of plain streams. */
const KINDS: Readonly<Record<string, Kind>> = {
  'mixed rates': { rates: [30, 15, 24, 60] },
  'several faces': { faces: [1, 2, 1, 3] },
  'budget of 80 ms': { budget: 80 },
  'budget of 20 ms': { budget: 20 },
  bursts: { bursts: 0.02 },
  'joins and leaves': { leaving: 0.5 },
  'two GPUs': { gpus: 2 },
};
const KIND_LOADS = [0.8, 1.1, 2] as const;

/**
 * Four profiles at six loads, noise off and on; each kind with two profiles; the noise without spikes that admitted sessions are held to.
 * @param stretch how many times longer than 3 to 6 s each trace is; ten times with spikes in any case
 */
export function* makeCases(stretch: number): Generator<Case> {
  for (const profile of Object.keys(PROFILES)) {
    for (const load of LOADS) {
      yield makeCase('plain', { profile, load, stretch });
      yield makeCase('plain', { profile, load, stretch, noise: NOISE });
    }
  }
  for (const [name, kind] of Object.entries(KINDS)) {
    for (const profile of ['h100', 'mid'])
      for (const load of KIND_LOADS) yield makeCase(name, { profile, load, stretch, kind });
  }
  for (const profile of Object.keys(PROFILES)) {
    yield makeCase('no spikes', { profile, load: 0.85, stretch, noise: STEADY });
    yield makeCase('budget of 80 ms', { profile, load: 0.85, stretch, noise: NOISE, kind: { budget: 80 } });
  }
}

interface CaseOptions {
  readonly profile: string;
  readonly load: number;
  readonly stretch: number;
  readonly noise?: Noise;
  readonly kind?: Kind;
}

function makeCase(kind: string, options: CaseOptions): Case {
  const { profile, load, stretch, noise } = options;
  const { gpus = 1, ...trace } = options.kind ?? {};
  const times = PROFILES[profile]!;
  const { rates = [30], faces = [1] } = trace;
  const wanted = load * gpus * bestRate(times) * 1000;
  let streams = 0;
  for (let offered = 0; ; streams++) {
    offered += rates[streams % rates.length]! * faces[streams % faces.length]!;
    if (offered > wanted) break;
  }
  streams = Math.max(1, streams);
  // Longer where fewer frames come.
  const longer = noise?.spikes ? Math.max(stretch, SPIKES_STRETCH) : stretch;
  const seconds = longer * Math.min(6, Math.max(3, 3000 / (streams * 30)));
  const made = makeTrace({ ...trace, streams, seconds, seed: 11 });
  return { kind, profile, times, load, gpus, trace: made, ...(noise && { noise }) };
}

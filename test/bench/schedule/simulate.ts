import type { Milli } from '../../../src/time.ts';
import type { BatchTimes } from './profiles.ts';
import { seeded, type Job } from './trace.ts';

/** A way to schedule, as the simulator drives it. It knows of a job from its release on. */
export interface Policy {
  offer(job: number, now: Milli): void;
  /** The jobs that this worker should do from now on; none: nothing yet. */
  take(worker: number, now: Milli): readonly number[];
  /** When to be asked again if nothing happens; Infinity: only when something does. */
  wakeAt?(worker: number, now: Milli): Milli;
  finished?(worker: number, now: Milli, duration: Milli): void;
}

export interface Batch {
  readonly worker: number;
  readonly start: Milli;
  readonly end: Milli;
  readonly jobs: readonly number[];
}

export interface Noise {
  /** Standard deviation of batch times, as a share. */
  readonly deviation: number;
  /** Share of batches that take three times as long. */
  readonly spikes: number;
}

export interface SimulationOptions {
  readonly times: BatchTimes;
  /** GPUs, of one worker each; default 1. */
  readonly gpus?: number;
  readonly noise?: Noise;
  readonly seed?: number;
}

/** Runs a trace online. Time only goes on to what happens next: a release, the end of a batch, or when the policy wants to be asked. */
export function simulate(jobs: readonly Job[], policy: Policy, options: SimulationOptions): Batch[] {
  const { gpus = 1 } = options;
  const ends = new Array<Milli>(gpus).fill(Infinity);
  const durations = new Array<Milli>(gpus).fill(0);
  const wakes = new Array<Milli>(gpus).fill(Infinity);
  const timeOf = batchTime(options);
  const batches: Batch[] = [];
  // After it nothing can be in time any more.
  const last = jobs.reduce((latest, { deadline }) => Math.max(latest, deadline), 0);
  let next = 0;
  for (;;) {
    const now = Math.min(jobs[next]?.release ?? Infinity, ...ends, ...wakes);
    if (now === Infinity || (next === jobs.length && now > last && ends.every((end) => end === Infinity)))
      return batches;
    for (let worker = 0; worker < gpus; worker++) {
      if (ends[worker]! > now) continue;
      policy.finished?.(worker, now, durations[worker]!);
      ends[worker] = Infinity;
    }
    for (; next < jobs.length && jobs[next]!.release <= now; next++) policy.offer(next, now);
    for (let worker = 0; worker < gpus; worker++) {
      wakes[worker] = Infinity;
      if (ends[worker] !== Infinity) continue;
      const taken = policy.take(worker, now);
      if (taken.length === 0) {
        const wake = policy.wakeAt?.(worker, now) ?? Infinity;
        wakes[worker] = wake > now ? wake : now + SOONEST;
        continue;
      }
      const took = timeOf(taken.reduce((sum, job) => sum + (jobs[job]!.crops ?? 1), 0));
      const end = now + took;
      batches.push({ worker, start: now, end, jobs: taken });
      durations[worker] = took;
      ends[worker] = end;
    }
  }
}

/** A policy that wants to be asked at once again is asked after this. */
const SOONEST: Milli = 0.01;

function batchTime({ times, noise, seed = 1 }: SimulationOptions): (crops: number) => Milli {
  if (!noise) return (crops) => times[crops - 1]!;
  const random = seeded(seed ^ 0x5eed);
  return (crops) => {
    // Box and Muller: a normal number of two even ones.
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const spike = random() < noise.spikes ? 3 : 1;
    return times[crops - 1]! * Math.max(0.5, 1 + noise.deviation * normal) * spike;
  };
}

import { CostTable } from '../../../src/schedule/cost/cost-table.ts';
import { FrameScheduler } from '../../../src/schedule/frame-scheduler.ts';
import { BatchView } from '../../../src/schedule/frames/batch-view.ts';
import type { Milli } from '../../../src/time.ts';
import { quantile, round } from '../quantile.ts';
import { bestRate, PROFILES } from './profiles.ts';
import { seeded } from './trace.ts';

const STREAMS = 10_000;
const PERIOD: Milli = 1000 / 30;
/** The time goes on in steps of this. */
const STEP: Milli = 0.25;
/** Seconds for the compiler, and seconds that are measured. */
const WARM = 0.6;
const MEASURED = 1.2;

export interface DecisionCost {
  /** Processor time of the whole run, the simulated cameras and GPUs too, ÷ frames offered, ns. */
  readonly mean: number;
  /** Of single calls, each offer and each take: 99 of a hundred are below this, ns. */
  readonly p99: number;
  /** Growth of the heap over the measured time, after a collection before it, bytes a frame. */
  readonly heapPerFrame: number;
}

/** What decisions cost at 10,000 streams of 30 fps, on as many GPUs of the profile `big` as make this load. */
export function decisionCost(load: number): DecisionCost {
  const times = PROFILES['big']!;
  const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: times.length });
  costs.profile({ recipe: 0, table: times.map((p50, i) => ({ batch: i + 1, p50, p99: p50 })) });
  const gpus = Math.round((STREAMS * 30) / (bestRate(times) * 1000 * load));
  const scheduler = new FrameScheduler({ costs, gpus, workersPerGpu: 1, lanes: STREAMS, onDrop: () => undefined });
  for (let i = 0; i < STREAMS; i++) scheduler.openLane({ recipe: 0, tier: 0, tenant: 0, frameRate: 30, faces: 1 });
  const run = new Run(scheduler, { times, gpus });
  run.until(WARM * 1000);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  run.reset(false);
  const { user } = process.cpuUsage();
  run.until((WARM + MEASURED) * 1000);
  const spent = process.cpuUsage().user - user;
  const grown = process.memoryUsage().heapUsed - heap;
  const { frames } = run;
  run.reset(true);
  run.until((WARM + 2 * MEASURED) * 1000);
  const { calls, count } = run;
  return {
    mean: round((spent / frames) * 1e3, 0),
    p99: round(quantile(Array.from(calls.subarray(0, count)), 0.99) * 1e6, 0),
    heapPerFrame: round(grown / frames, 3),
  };
}

class Run {
  frames = 0;
  count = 0;
  readonly calls = new Float64Array(2_000_000);
  readonly #scheduler: FrameScheduler;
  readonly #times: readonly Milli[];
  readonly #order: Int32Array;
  readonly #phases: Float64Array;
  readonly #ends: Float64Array;
  readonly #batch: BatchView;
  readonly #offer = { crops: 1, deadline: 0, now: 0 };
  #now: Milli = 0;
  #next = 0;
  #round = 0;
  #timed = false;

  constructor(scheduler: FrameScheduler, { times, gpus }: { times: readonly Milli[]; gpus: number }) {
    const random = seeded(5);
    const phases = Float64Array.from({ length: STREAMS }, () => random() * PERIOD);
    this.#scheduler = scheduler;
    this.#times = times;
    this.#order = Int32Array.from(phases.keys()).sort((a, b) => phases[a]! - phases[b]!);
    this.#phases = phases;
    this.#ends = new Float64Array(gpus).fill(Infinity);
    this.#batch = new BatchView(times.length);
  }

  /** @param timed each call is timed */
  reset(timed: boolean): void {
    this.#timed = timed;
    this.frames = this.count = 0;
  }

  until(end: Milli): void {
    for (; this.#now < end; this.#now += STEP) {
      this.#offerDue();
      for (let gpu = 0; gpu < this.#ends.length; gpu++) this.#serve(gpu);
    }
  }

  #offerDue(): void {
    for (;;) {
      const lane = this.#order[this.#next]!;
      const at = this.#round * PERIOD + this.#phases[lane]!;
      if (at > this.#now) return;
      this.#offer.deadline = at + PERIOD;
      this.#offer.now = this.#now;
      const from = this.#timed ? performance.now() : 0;
      this.#scheduler.offer(lane, this.#round, this.#offer);
      if (this.#timed) this.#count(performance.now() - from);
      this.frames++;
      this.#next++;
      if (this.#next < STREAMS) continue;
      this.#next = 0;
      this.#round++;
    }
  }

  #serve(gpu: number): void {
    if (this.#ends[gpu]! > this.#now && this.#ends[gpu] !== Infinity) return;
    const from = this.#timed ? performance.now() : 0;
    if (this.#ends[gpu] !== Infinity) this.#scheduler.finished(gpu, this.#now, this.#times[this.#batch.crops - 1] ?? 1);
    const taken = this.#scheduler.take(gpu, this.#now, this.#batch);
    if (taken && this.#timed) this.#count(performance.now() - from);
    this.#ends[gpu] = taken ? this.#now + this.#times[this.#batch.crops - 1]! : Infinity;
  }

  #count(duration: Milli): void {
    if (this.count < this.calls.length) this.calls[this.count++] = duration;
  }
}

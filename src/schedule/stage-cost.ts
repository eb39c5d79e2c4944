import type { Milli } from '../time.ts';

/** A learned distribution of one duration: its median and its 99th percentile. Both 0 until the first sample. */
export class CostEstimate {
  #p50 = 0;
  #p99 = 0;
  #samples = 0;

  get p50(): Milli {
    return this.#p50;
  }

  get p99(): Milli {
    return this.#p99;
  }

  /**
   * Takes a measured duration in. The quantiles move by a step that is a share of themselves, up or down by which side
   * the sample lies on, weighted so that they settle where 50 % and 99 % lie below: one stall hardly moves the median.
   */
  observe(duration: Milli): void {
    const sample = Math.max(0, duration);
    // The first samples set the scale: a plain mean, and the largest.
    if (this.#samples++ < FIRST_SAMPLES) {
      this.#p50 += (sample - this.#p50) / this.#samples;
      this.#p99 = Math.max(this.#p99, sample);
      return;
    }
    this.#p50 = stepped(this.#p50, sample, 0.5, MEDIAN_STEP);
    this.#p99 = Math.max(this.#p50, stepped(this.#p99, sample, 0.99, TAIL_STEP));
  }

  /** Lowers the estimate a little: see `StageCost.doubt`. */
  doubt(): void {
    this.#p50 *= DOUBT;
    this.#p99 *= DOUBT;
  }
}

const FIRST_SAMPLES = 5;
const MEDIAN_STEP = 0.08;
const TAIL_STEP = 0.1;
const DOUBT = 0.97;
/** Smallest step, ms, so that an estimate can leave 0. */
const FLOOR = 0.01;

function stepped(estimate: Milli, sample: Milli, quantile: number, share: number): Milli {
  const step = Math.max(FLOOR, estimate * share);
  return sample > estimate ? estimate + step * quantile : Math.max(0, estimate - step * (1 - quantile));
}

/** Learned cost of each of the stages that a frame of one session goes through, in their order. */
export class StageCost<Stage extends string> {
  readonly #stages: readonly Stage[];
  readonly #estimates: ReadonlyMap<Stage, CostEstimate>;
  readonly #margin: number;

  /**
   * @param stages in the order in which a frame meets them
   * @param margin what is added to the expected duration, as a share of it; default 0.1, because a frame that is
   *   started and not finished costs as much as one that is
   */
  constructor(stages: readonly Stage[], margin = 0.1) {
    this.#stages = stages;
    this.#margin = margin;
    this.#estimates = new Map(stages.map((stage) => [stage, new CostEstimate()]));
  }

  observe(stage: Stage, duration: Milli): void {
    this.of(stage).observe(duration);
  }

  of(stage: Stage): CostEstimate {
    const estimate = this.#estimates.get(stage);
    if (!estimate) throw new TypeError(`stage must be one of those given [stage:${stage}]`);
    return estimate;
  }

  /** Expected duration of `stage` and all after it, with the margin. 0 while nothing is known: then it is tried. */
  remaining(stage: Stage): Milli {
    let sum = 0;
    for (let i = this.#stages.indexOf(stage); i >= 0 && i < this.#stages.length; i++) {
      sum += this.of(this.#stages[i]!).p50;
    }
    return sum * (1 + this.#margin);
  }

  /**
   * To be called when a frame was not started because of these figures. What is never tried is never measured again, so
   * each refusal makes them a little less sure of themselves; after some, a frame is tried and the truth is learned.
   */
  doubt(): void {
    for (const estimate of this.#estimates.values()) estimate.doubt();
  }
}

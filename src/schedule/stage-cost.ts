import type { Milli } from '../time.ts';

/** Samples that the median is taken of: half a second of frames. One stall among them does not move it. */
const WINDOW = 15;
/** What is left of the peak after each sample: a stall is forgotten in some ten seconds of frames. */
const PEAK_KEEPS = 0.995;
/** What is left of the estimate after each refusal. */
const DOUBT = 0.97;

/** A learned duration: its median over the last half second, and its peak. Both 0 until the first sample. */
export class CostEstimate {
  readonly #recent = new Float64Array(WINDOW);
  readonly #sorted = new Float64Array(WINDOW);
  #count = 0;
  #median = 0;
  #peak = 0;
  #trust = 1;

  /** What a sample is most likely to take. */
  get p50(): Milli {
    return this.#median * this.#trust;
  }

  /** What hardly a sample exceeds: the largest of late, fading. */
  get p99(): Milli {
    return this.#peak * this.#trust;
  }

  /** Takes a measured duration in. */
  observe(duration: Milli): void {
    const sample = Math.max(0, duration);
    this.#recent[this.#count++ % WINDOW] = sample;
    const held = Math.min(this.#count, WINDOW);
    const sorted = this.#sorted.subarray(0, held);
    sorted.set(this.#recent.subarray(0, held));
    sorted.sort();
    this.#median = sorted[held >> 1]!;
    this.#peak = Math.max(sample, this.#peak * PEAK_KEEPS);
    this.#trust = 1;
  }

  /** Lowers the estimate a little until the next sample: see `StageCost.doubt`. */
  doubt(): void {
    this.#trust *= DOUBT;
  }
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

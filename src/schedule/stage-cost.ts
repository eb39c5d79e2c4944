import type { Milli } from '../time.ts';

/** Samples that the median is taken of: half a second of frames. One stall among them does not move it. */
const WINDOW = 15;
/** What is left of the estimate after a refusal; of those in a row each weighs once more than the one before. */
const DOUBT = 0.98;
/** A sample below this share of an estimate that was doubted proves it wrong, not only high. */
const WRONG = 0.5;

/** A learned duration: its median over the last half second. 0 until the first sample. */
export class CostEstimate {
  readonly #recent = new Float64Array(WINDOW);
  readonly #sorted = new Float64Array(WINDOW);
  #count = 0;
  #median = 0;
  #trust = 1;
  #doubts = 0;

  /** What a sample is most likely to take. */
  get p50(): Milli {
    return this.#median * this.#trust;
  }

  /** Takes a measured duration in. */
  observe(duration: Milli): void {
    const sample = Math.max(0, duration);
    // What was learned while the machine stood still is forgotten at once.
    if (this.#doubts > 0 && sample < this.#median * WRONG) this.#count = 0;
    this.#recent[this.#count++ % WINDOW] = sample;
    const held = Math.min(this.#count, WINDOW);
    const sorted = this.#sorted.subarray(0, held);
    sorted.set(this.#recent.subarray(0, held));
    sorted.sort();
    // Of few samples those that met a stall may be half.
    this.#median = sorted[(held - 1) >> 1]!;
    this.#trust = 1;
    this.#doubts = 0;
  }

  /** Lowers the estimate a little until the next sample: see `StageCost.doubt`. */
  doubt(): void {
    this.#trust *= DOUBT ** ++this.#doubts;
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
   * each refusal makes them less sure of themselves; after some, a frame is tried and the truth is learned.
   */
  doubt(): void {
    for (const estimate of this.#estimates.values()) estimate.doubt();
  }
}

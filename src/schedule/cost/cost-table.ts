import type { Milli } from '../../time.ts';

/** What a batch of one size takes. */
export interface BatchCost {
  /** Crops in it, at least 1. */
  readonly batch: number;
  readonly p50: Milli;
  readonly p99: Milli;
}

/** Measured batch times of a recipe while `busy` workers of the GPU are at work, this one among them. */
export interface CostProfile {
  readonly recipe: number;
  /** 1 to `workersPerGpu`; default 1. */
  readonly busy?: number;
  /** By rising batch; sizes that are left out cost as much as the next larger one, to which a worker fills them up. */
  readonly table: readonly BatchCost[];
}

export interface CostTableOptions {
  /** Recipes are numbered from 0 to this, exclusive. */
  readonly recipes: number;
  /** Workers on one GPU. */
  readonly workersPerGpu: number;
  /** Most crops in a batch of any recipe. */
  readonly maximumBatch: number;
}

/** Share by which an estimate follows a batch that took longer, and one that took less: fast up, slow down. */
const UP = 0.2;
const DOWN = 0.05;
/** How fast the spread follows. */
const SPREAD = 0.05;
/** A batch that took this many times the expected time is a spike: it says nothing of the next ones. */
const SPIKE = 2;
/** So many spikes in a row are none: that is what batches take now. */
const SPIKES = 3;
/** What is left of an estimate, and of its spread, after each refusal. */
const DOUBT = 0.97;
/** p99 above p50, in mean absolute deviations: 2.33 standard deviations of 1.25 mean absolute deviations each. */
const P99_DEVIATIONS = 2.9;
/** A profile's p99 is believed up to a spike: of few runs it is the longest, which may have met anything. */
const MOST_DEVIATION = (SPIKE - 1) / P99_DEVIATIONS;

/**
 * What batches take: `p(recipe, batch, busy workers)`, p50 and p99. Profiled figures are put in, seen ones keep them current.
 * Pure, no allocation after the constructor.
 */
export class CostTable {
  readonly recipes: number;
  readonly workersPerGpu: number;
  /** Most crops in a batch of any recipe. */
  readonly largestBatch: number;
  readonly #stride: number;
  /** By recipe, busy, batch: as profiled, ms. 0 where nothing is known. */
  readonly #profiled: Float64Array;
  /** By recipe and busy: seen ÷ profiled, and the mean absolute deviation from it, as a share. */
  readonly #drift: Float64Array;
  readonly #deviation: Float64Array;
  /** By recipe and busy: spikes since the last batch that was none. */
  readonly #spikes: Uint8Array;
  readonly #maximumBatch: Int32Array;
  readonly #bestRates: Float64Array;

  constructor({ recipes, workersPerGpu, maximumBatch }: CostTableOptions) {
    this.recipes = recipes;
    this.workersPerGpu = workersPerGpu;
    this.largestBatch = maximumBatch;
    this.#stride = maximumBatch + 1;
    this.#profiled = new Float64Array(recipes * workersPerGpu * this.#stride);
    this.#drift = new Float64Array(recipes * workersPerGpu).fill(1);
    this.#deviation = new Float64Array(recipes * workersPerGpu);
    this.#spikes = new Uint8Array(recipes * workersPerGpu);
    this.#maximumBatch = new Int32Array(recipes);
    this.#bestRates = new Float64Array(recipes);
  }

  /** Puts measured figures in. Where only some numbers of busy workers are profiled, the next lower one stands for the others. */
  profile({ recipe, busy = 1, table }: CostProfile): void {
    const largest = table.at(-1)?.batch ?? 0;
    if (!(largest >= 1 && largest < this.#stride))
      throw new TypeError(`batches must be from 1 to ${this.#stride - 1} [batch:${largest}]`);
    for (let of = busy; of <= this.workersPerGpu; of++) {
      const row = this.#row(recipe, of);
      let entry = 0;
      let spread = 0;
      for (let batch = 1; batch <= largest; batch++) {
        while (table[entry]!.batch < batch) entry++;
        this.#profiled[row * this.#stride + batch] = table[entry]!.p50;
      }
      for (const { p50, p99 } of table) spread += Math.max(0, p99 / p50 - 1) / P99_DEVIATIONS / table.length;
      this.#drift[row] = 1;
      this.#deviation[row] = Math.min(MOST_DEVIATION, spread);
    }
    this.#maximumBatch[recipe] = largest;
    this.#bestRates[recipe] = this.#findBestRate(recipe);
  }

  /** Most crops in one batch of the recipe; 0 while it is not profiled. */
  maximumBatch(recipe: number): number {
    return this.#maximumBatch[recipe] ?? 0;
  }

  /** What a batch is most likely to take. */
  p50(recipe: number, batch: number, busy = 1): Milli {
    const row = this.#row(recipe, busy);
    return this.#profiled[row * this.#stride + batch]! * this.#drift[row]!;
  }

  /** What a batch hardly exceeds. */
  p99(recipe: number, batch: number, busy = 1): Milli {
    return this.p50(recipe, batch, busy) * (1 + P99_DEVIATIONS * this.deviation(recipe, busy));
  }

  /** Mean absolute deviation of batch times from p50, as a share of it. */
  deviation(recipe: number, busy = 1): number {
    return this.#deviation[this.#row(recipe, busy)]!;
  }

  /** Most crops a millisecond, of all batch sizes, that all workers of a GPU do together, as profiled; 0 before. */
  bestRate(recipe: number): number {
    return this.#bestRates[recipe] ?? 0;
  }

  /** Takes the time of a batch in that was run. */
  observe(recipe: number, batch: number, { busy, duration }: { busy: number; duration: Milli }): void {
    const row = this.#row(recipe, busy);
    const ratio = duration / this.#profiled[row * this.#stride + batch]!;
    const drift = this.#drift[row]!;
    if (!(ratio < SPIKE * drift)) {
      if (++this.#spikes[row]! >= SPIKES && Number.isFinite(ratio)) this.#drift[row] = ratio;
      return;
    }
    this.#spikes[row] = 0;
    this.#drift[row] = drift + (ratio > drift ? UP : DOWN) * (ratio - drift);
    const deviation = Math.abs(ratio - drift) / drift;
    this.#deviation[row]! += SPREAD * (deviation - this.#deviation[row]!);
  }

  /**
   * To be called when frames were refused because of these figures and no batch is run. What is never tried is never measured
   * again: each refusal makes them a little less sure of themselves, until a batch is tried and the truth is learned.
   */
  doubt(recipe: number): void {
    for (let row = this.#row(recipe, 1); row <= this.#row(recipe, this.workersPerGpu); row++) {
      this.#drift[row]! *= DOUBT;
      this.#deviation[row]! *= DOUBT;
    }
  }

  #findBestRate(recipe: number): number {
    let best = 0;
    for (let busy = 1; busy <= this.workersPerGpu; busy++) {
      for (let batch = 1; batch <= this.maximumBatch(recipe); batch++)
        best = Math.max(best, (busy * batch) / this.p50(recipe, batch, busy));
    }
    return best;
  }

  #row(recipe: number, busy: number): number {
    return recipe * this.workersPerGpu + Math.min(busy, this.workersPerGpu) - 1;
  }
}

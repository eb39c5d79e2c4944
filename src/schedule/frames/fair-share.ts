import type { TierOptions } from '../scheduler-options.ts';

/** Frames over which the share that is served is judged, at least. */
const WINDOW = 100;
/** Below this share some frames are lost: there is too much for the GPU. */
const ALL = 0.999;
/** A tier whose share is above this is not thinned. */
const WHOLE = 0.99;
/** A tier of which less than this is left has offered nothing for long. */
const NOTHING_OFFERED = 1e-6;

/**
 * What share of its frames each tier of one GPU should get. Of what is being served each tier has what it has reserved, the rest
 * is dealt out by weight; no tier gets more than it offers. With one tier it is the share of the frames that is served.
 * Counts fade, so that it follows the load.
 */
export class FairShare {
  readonly #weights: Float64Array;
  readonly #reserved: Float64Array;
  /** Fading counts: cost offered by tier, and served of all. */
  readonly #offered: Float64Array;
  readonly #shares: Float64Array;
  readonly #granted: Float64Array;
  #served: number;
  readonly #protected: Uint8Array;
  #lanes = 0;
  /** What is left of the counts with each frame more. */
  #keeps = 1 - 1 / WINDOW;
  #overloaded = false;
  #settled = 0;

  constructor(tiers: readonly TierOptions[]) {
    this.#weights = Float64Array.from(tiers, ({ weight = 1 }) => weight);
    this.#reserved = Float64Array.from(tiers, ({ reserved = 0 }) => reserved);
    this.#offered = new Float64Array(tiers.length);
    this.#shares = new Float64Array(tiers.length).fill(1);
    this.#granted = new Float64Array(tiers.length);
    this.#protected = new Uint8Array(tiers.length);
    this.#served = 0;
  }

  /** A lane more (1) or less (−1) is on this GPU. */
  lanes(change: number): void {
    this.#lanes += change;
    this.#keeps = 1 - 1 / Math.max(WINDOW, this.#lanes);
  }

  /** 0–1: of its frames, so many should be served. */
  share(tier: number): number {
    return this.#shares[tier]!;
  }

  /** Some frames are lost. */
  get overloaded(): boolean {
    return this.#overloaded;
  }

  /** This tier is to lose nothing although others must. */
  isProtected(tier: number): boolean {
    return this.#protected[tier] === 1;
  }

  /** A frame of this tier was served, or given up. @param cost its crops, in what a crop costs */
  settle(tier: number, cost: number, served: boolean): void {
    for (let other = 0; other < this.#offered.length; other++) this.#offered[other]! *= this.#keeps;
    this.#served *= this.#keeps;
    this.#offered[tier]! += cost;
    if (served) this.#served += cost;
    // Until there is something to judge by, nobody is thinned.
    if (++this.#settled < SETTLED_ENOUGH) return;
    if (this.#shares.length === 1) this.#giveAll();
    else this.#deal();
  }

  /** A tier alone has all that is served. */
  #giveAll(): void {
    const offered = this.#offered[0]!;
    const share = offered < NOTHING_OFFERED ? 1 : Math.min(1, this.#served / offered);
    this.#shares[0] = share;
    this.#overloaded = share < ALL;
  }

  /** Water-filling: rounds in which those who want less than their part leave the rest to the others. */
  #deal(): void {
    const count = this.#offered.length;
    let left = this.#served;
    for (let tier = 0; tier < count; tier++) {
      const granted = Math.min(this.#offered[tier]!, this.#reserved[tier]! * this.#served);
      this.#granted[tier] = granted;
      left -= granted;
    }
    for (let round = 0; round < count && left > 1e-9; round++) {
      let weights = 0;
      for (let tier = 0; tier < count; tier++) if (this.#wants(tier) > 0) weights += this.#weights[tier]!;
      if (weights === 0) break;
      const part = left / weights;
      for (let tier = 0; tier < count; tier++) {
        const granted = Math.min(this.#wants(tier), part * this.#weights[tier]!);
        this.#granted[tier]! += granted;
        left -= granted;
      }
    }
    for (let tier = 0; tier < count; tier++)
      this.#shares[tier] =
        this.#offered[tier]! < NOTHING_OFFERED ? 1 : Math.min(1, this.#granted[tier]! / this.#offered[tier]!);
    this.#judge();
  }

  #judge(): void {
    const count = this.#shares.length;
    let least = 1;
    for (let tier = 0; tier < count; tier++) least = Math.min(least, this.#shares[tier]!);
    this.#overloaded = least < ALL;
    for (let tier = 0; tier < count; tier++)
      this.#protected[tier] = least < WHOLE && this.#shares[tier]! >= WHOLE ? 1 : 0;
  }

  #wants(tier: number): number {
    return this.#offered[tier]! - this.#granted[tier]!;
  }
}

/** Frames after which the first share is dealt. */
const SETTLED_ENOUGH = 20;

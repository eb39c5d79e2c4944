import type { Milli } from '../../time.ts';

/** Loss above this is congestion, below the other it is none; in between the rate stays. */
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
/** Growth a second without loss. */
const GROWTH = 0.05;
/** After a decrease, what is reported next was mostly sent before it. */
const SETTLE: Milli = 300;

/** A cautious bitrate from reported loss (as in draft-ietf-rmcat-gcc-02 §6), bits a second. */
export class LossBasedRate {
  readonly #minimum: number;
  readonly #maximum: number;
  #rate: number;
  #limit = Infinity;
  #reportedAt: Milli | undefined;
  #decreasedAt: Milli = -Infinity;

  constructor(options: { readonly start: number; readonly minimum: number; readonly maximum: number }) {
    this.#minimum = options.minimum;
    this.#maximum = options.maximum;
    this.#rate = this.#clamp(options.start);
  }

  /** The rate to encode at now. */
  get rate(): number {
    return this.#rate;
  }

  /** The receiver said how much it can take (REMB). */
  onEstimate(bitsPerSecond: number): number {
    this.#limit = bitsPerSecond;
    this.#rate = this.#clamp(this.#rate);
    return this.#rate;
  }

  /** A fraction of packets, 0–1, was lost since the last report. Gives the new rate. */
  onLoss(fractionLost: number, now: Milli): number {
    const passed = Math.min(1000, now - (this.#reportedAt ?? now));
    this.#reportedAt = now;
    if (fractionLost > HIGH_LOSS) {
      if (now - this.#decreasedAt < SETTLE) return this.#rate;
      this.#decreasedAt = now;
      this.#rate = this.#clamp(this.#rate * (1 - 0.5 * Math.min(1, fractionLost)));
    } else if (fractionLost < LOW_LOSS) {
      this.#rate = this.#clamp(this.#rate * (1 + GROWTH) ** (passed / 1000));
    }
    return this.#rate;
  }

  #clamp(rate: number): number {
    return Math.max(this.#minimum, Math.min(this.#maximum, this.#limit, rate));
  }
}

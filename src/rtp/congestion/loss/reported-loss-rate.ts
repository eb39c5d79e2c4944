import type { Milli } from '../../../time.ts';

/** Loss above this is congestion, below the other it is none; in between the rate stays. */
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
/** Growth a second without loss. */
const GROWTH = 0.05;
/** After a decrease, what is reported next was mostly sent before it. */
const SETTLE: Milli = 300;
const STEP_TIME_LIMIT: Milli = 1000;

/**
 * A cautious rate from receiver reports, bits a second: all there is for a peer without transport-wide feedback
 * (draft-ietf-rmcat-gcc-02 §6).
 */
export class ReportedLossRate {
  readonly #minimum: number;
  #maximum: number;
  #rate: number;
  #reportedAt: Milli | undefined;
  #decreasedAt: Milli = -Infinity;

  constructor(options: { readonly start: number; readonly minimum: number; readonly maximum: number }) {
    this.#minimum = options.minimum;
    this.#maximum = options.maximum;
    this.#rate = this.#clamp(options.start);
  }

  get rate(): number {
    return this.#rate;
  }

  set maximum(bitsPerSecond: number) {
    this.#maximum = bitsPerSecond;
    this.#rate = this.#clamp(this.#rate);
  }

  /** A fraction of packets, 0–1, was lost since the last report. */
  onLoss(fractionLost: number, now: Milli): void {
    const passed = Math.min(STEP_TIME_LIMIT, now - (this.#reportedAt ?? now));
    this.#reportedAt = now;
    if (fractionLost > HIGH_LOSS) {
      if (now - this.#decreasedAt < SETTLE) return;
      this.#decreasedAt = now;
      this.#rate = this.#clamp(this.#rate * (1 - 0.5 * Math.min(1, fractionLost)));
    } else if (fractionLost < LOW_LOSS) {
      this.#rate = this.#clamp(this.#rate * (1 + GROWTH) ** (passed / 1000));
    }
  }

  #clamp(rate: number): number {
    return Math.max(this.#minimum, Math.min(this.#maximum, rate));
  }
}

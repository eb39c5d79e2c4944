import type { Milli } from '../../time.ts';

/** It falls after so long of needing less, by so much a second. */
const HOLD: Milli = 5000;
const FALL_PER_SECOND: Milli = 20;
/** In steps of this. */
const STEP: Milli = 10;

/**
 * A delay that rises at once when more is needed and falls slowly: each change is seen as a picture that slows down or
 * hurries, and what was lost once is soon lost again.
 */
export class SlowFall {
  #value: Milli = 0;
  #neededAt: Milli = -Infinity;
  #fellAt: Milli = -Infinity;

  /** Milliseconds, in steps of 10. */
  get value(): Milli {
    return this.#value;
  }

  /** So much is `needed` now. */
  follow(needed: Milli, now: Milli): Milli {
    const wanted = Math.ceil(needed / STEP) * STEP;
    if (wanted >= this.#value) {
      this.#value = wanted;
      this.#neededAt = this.#fellAt = now;
    } else if (now - this.#neededAt >= HOLD && now - this.#fellAt >= (1000 * STEP) / FALL_PER_SECOND) {
      this.#value = Math.max(wanted, this.#value - STEP);
      this.#fellAt = now;
    }
    return this.#value;
  }
}

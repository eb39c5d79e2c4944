import type { Clock, Milli } from '../../../time.ts';

/** Sessions whose ends tell how often a place becomes free. */
const REMEMBERED = 16;
/** Between two ends, while none was seen. */
const USUAL: Milli = 5_000;
const LEAST_RETRY: Milli = 1_000;
/** Nobody is sent away for longer; it is what a session is told that could never fit. */
export const MOST_RETRY: Milli = 60_000;
/** Refused callers that are remembered: those after them are sent away for longest all the same. */
const MOST_AWAITED = 64;

/**
 * When a place is likely to be free: sessions have ended at a certain pace of late, and callers who are refused are told to come back one
 * after the other at that pace, behind those who wait, so that a place that becomes free is not rushed at.
 */
export class FreePlaces {
  readonly #clock: Clock;
  /** When sessions have ended, the latest last. */
  readonly #ends: Milli[] = [];
  /** When those who were refused are to come back. */
  #awaited: Milli[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A session has ended. */
  ended(): void {
    this.#ends.push(this.#clock.now());
    if (this.#ends.length > REMEMBERED) this.#ends.shift();
  }

  /** When somebody who is refused now should come back; takes that instant for them. @param ahead those who wait for a place */
  retryAfter(ahead: number): Milli {
    const now = this.#clock.now();
    this.#awaited = this.#awaited.filter((at) => at > now);
    const turns = ahead + this.#awaited.length + 1;
    const retry = Math.max(LEAST_RETRY, Math.min(MOST_RETRY, turns * this.#interval(now)));
    if (this.#awaited.length < MOST_AWAITED) this.#awaited.push(now + retry);
    return retry;
  }

  /** Between two ends. It grows while none comes. */
  #interval(now: Milli): Milli {
    const [first] = this.#ends;
    if (first === undefined || this.#ends.length < 2) return USUAL;
    return (now - first) / (this.#ends.length - 1);
  }
}

import type { Clock, Milli } from '../../time.ts';

/** Longest that it sleeps: a later instant is looked at again, so it need not be exact. */
const LONGEST: Milli = 1000;

/** One timer for everything a session waits for. It rings at the earliest instant asked for, at most 1 ms late. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (now: Milli) => void;
  #timer: NodeJS.Timeout | undefined;
  #at: Milli = Infinity;

  constructor(clock: Clock, ring: (now: Milli) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `at`, or earlier if it was already to. The ringer sets it anew. */
  set(at: Milli): void {
    const now = this.#clock.now();
    const next = Math.min(at, now + LONGEST);
    if (next >= this.#at) return;
    clearTimeout(this.#timer);
    this.#at = next;
    this.#timer = setTimeout(
      () => {
        this.#at = Infinity;
        this.#ring(this.#clock.now());
      },
      Math.ceil(next - now),
    );
  }

  /** Rings no more until it is set again. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}

/** Both clocks of the page, milliseconds. Sleep passes on the wall clock; the monotonic one stands still on most systems. */
export interface PageTime {
  readonly wall: number;
  readonly monotonic: number;
}

/** Between two beats. Browsers make it longer in tabs that nobody sees, up to a minute. */
export const BEAT = 1000;
/** A beat that comes so late was not late by itself: the computer or the tab was asleep. */
const ASLEEP = 4000;
/** Beats without a word from the gateway, which tells its figures each second. */
const QUIET_BEATS = 5;

/**
 * Notices sleep and silence. Silence is counted in beats of one's own, so that a tab whose timers are held back, or that
 * is frozen, does not take the gateway for dead.
 */
export class Pulse {
  readonly #clock: () => PageTime;
  #last: PageTime;
  #quiet = 0;

  constructor(clock: () => PageTime) {
    this.#clock = clock;
    this.#last = clock();
  }

  /** The gateway said something. */
  heard(): void {
    this.#quiet = 0;
  }

  /** Once each `BEAT`, as far as the browser lets us. */
  beat(): 'steady' | 'woke' | 'silent' {
    const now = this.#clock();
    const gap = Math.max(now.wall - this.#last.wall, now.monotonic - this.#last.monotonic);
    this.#last = now;
    this.#quiet++;
    if (gap < ASLEEP && this.#quiet < QUIET_BEATS) return 'steady';
    this.#quiet = 0;
    return gap < ASLEEP ? 'silent' : 'woke';
  }
}

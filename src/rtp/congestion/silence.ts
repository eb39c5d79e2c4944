import type { Milli } from '../../time.ts';

/** Feedback comes each 50 to 250 ms; missing so long, beyond round trips, the way is interrupted. */
const TOLERATED: Milli = 350;
const ROUND_TRIPS = 2;
/** The rate halves at once and each time so much more has passed. */
const STEP: Milli = 250;
/** After so many steps nothing is left to lower. */
const STEPS = 8;
const ROUND_TRIP_START: Milli = 200;

/** Watches for feedback that does not come although packets have left: nobody may be there to hear them. */
export class Silence {
  roundTrip: Milli = ROUND_TRIP_START;
  #heard = false;
  /** When the first packet left that no feedback has followed. */
  #since: Milli | undefined;
  #steps = 0;

  /** Share of the rate to send at: 1, or a half for each step of silence. */
  get share(): number {
    return 0.5 ** this.#steps;
  }

  /** When the share falls next; `Infinity` if no answer is awaited. */
  get nextAt(): Milli {
    if (this.#since === undefined || !this.#heard || this.#steps >= STEPS) return Infinity;
    return this.#since + TOLERATED + ROUND_TRIPS * this.roundTrip + this.#steps * STEP;
  }

  onSent(now: Milli): void {
    this.#since ??= now;
  }

  /** @returns whether it had been silent for so long that the rate was lowered */
  onFeedback(): boolean {
    const was = this.#steps > 0;
    this.#heard = true;
    this.#since = undefined;
    this.#steps = 0;
    return was;
  }

  poll(now: Milli): void {
    while (now >= this.nextAt) this.#steps++;
  }
}

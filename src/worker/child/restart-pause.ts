import type { Milli } from '../../time.ts';

/** A child that lived so long has not failed in a row with the one before it. */
const HEALTHY_AFTER: Milli = 30_000;

/** How long to wait before a lost child is started again: doubles with each failure in a row, with a quarter of jitter. */
export class RestartPause {
  readonly #first: Milli;
  readonly #longest: Milli;
  #failures = 0;

  constructor({ first, longest }: { readonly first: Milli; readonly longest: Milli }) {
    this.#first = first;
    this.#longest = longest;
  }

  /** @param lived how long the lost one ran, 0 if it did not start */
  next(lived: Milli): Milli {
    if (lived >= HEALTHY_AFTER) this.#failures = 0;
    return Math.min(this.#longest, this.#first * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
  }
}

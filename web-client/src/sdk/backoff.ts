/**
 * Waiting times between attempts, in milliseconds: 0.5 s doubling to 8 s, each shortened at random by up to half, so that
 * the callers of a restarted gateway do not all come back in the same instant.
 */
export class Backoff {
  #attempt = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next wait; at least `atLeast` milliseconds. */
  next(atLeast = 0): number {
    const full = Math.min(8000, 500 * 2 ** this.#attempt++);
    return Math.max(atLeast, full * (1 - this.#random() / 2));
  }

  reset(): void {
    this.#attempt = 0;
  }
}

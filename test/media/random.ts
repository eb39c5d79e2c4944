/** Numbers that a normal one is made of. */
export const NORMAL_TAKES = 12;
/** From one state to the next. */
const STEP = 0x6d2b79f5;

/** Seeded random numbers: the same seed gives the same clip, the same phases, the same fuzz on every machine. */
export class Random {
  #state: number;

  /** @param seed any integer */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). mulberry32 (public domain, T. Ettinger). */
  next(): number {
    this.#state = (this.#state + STEP) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** As if so many numbers had been taken. */
  skip(count: number): void {
    this.#state = (this.#state + Math.imul(count, STEP)) >>> 0;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** Normal with mean 0 and deviation 1 (Irwin–Hall sum of twelve: tails end at ±6). */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < NORMAL_TAKES; i++) sum += this.next();
    return sum;
  }
}

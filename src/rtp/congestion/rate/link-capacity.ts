/** Weight of a new sample. */
const WEIGHT = 0.05;
const PROBE_WEIGHT = 0.5;
/** Bounds of the variance relative to the estimate, kbit/s: 2.5 is a deviation of 50 at 1,000. */
const VARIANCE_START = 0.4;
const VARIANCE_MINIMUM = 0.4;
const VARIANCE_MAXIMUM = 2.5;
/** Deviations around the estimate that still are the same capacity. */
const BAND = 3;

/** What the link was seen to carry each time it was full, bits a second, with the spread of that. */
export class LinkCapacity {
  #estimate: number | undefined;
  #variance = VARIANCE_START;

  /** `undefined` while the capacity is unknown. */
  get estimate(): number | undefined {
    return this.#estimate === undefined ? undefined : this.#estimate * 1000;
  }

  /** Above it, the link has become wider. */
  get upper(): number {
    return this.#estimate === undefined ? Infinity : (this.#estimate + BAND * this.#deviation(this.#estimate)) * 1000;
  }

  /** Below it, the link has become narrower. */
  get lower(): number {
    if (this.#estimate === undefined) return 0;
    return Math.max(0, this.#estimate - BAND * this.#deviation(this.#estimate)) * 1000;
  }

  /** So much arrived while the link was overused. */
  onOveruse(rate: number): void {
    this.#update(rate / 1000, WEIGHT);
  }

  /** A probe was seen to arrive at `rate`, slower than it was sent. */
  onProbe(rate: number): void {
    this.#update(rate / 1000, PROBE_WEIGHT);
  }

  reset(): void {
    this.#estimate = undefined;
  }

  #update(sample: number, weight: number): void {
    const estimate = this.#estimate === undefined ? sample : (1 - weight) * this.#estimate + weight * sample;
    const error = (estimate - sample) ** 2 / Math.max(1, estimate);
    const variance = (1 - weight) * this.#variance + weight * error;
    this.#estimate = estimate;
    this.#variance = Math.min(VARIANCE_MAXIMUM, Math.max(VARIANCE_MINIMUM, variance));
  }

  #deviation(estimate: number): number {
    return Math.sqrt(this.#variance * estimate);
  }
}

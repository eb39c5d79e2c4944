/** How a One-Euro filter trades jitter for lag. */
export interface OneEuroSettings {
  /** Cutoff at rest, hertz: lower is steadier. */
  readonly restCutoff: number;
  /** Hertz of cutoff for each unit a second of speed: higher lags less in motion. */
  readonly speedGain: number;
  /** Cutoff of the speed estimate itself, hertz. */
  readonly speedCutoff: number;
}

/**
 * One-Euro filter over many values that share a clock (Casiez, Roussel, Vogel 2012): a low-pass whose cutoff rises with
 * speed, so that a value at rest is steady and a moving one is not late.
 */
export class OneEuro {
  readonly #settings: OneEuroSettings;
  readonly #values: Float64Array;
  readonly #speeds: Float64Array;
  #primed = false;

  constructor(size: number, settings: OneEuroSettings) {
    this.#settings = settings;
    this.#values = new Float64Array(size);
    this.#speeds = new Float64Array(size);
  }

  /** The next value is taken as it is. */
  reset(): void {
    this.#primed = false;
  }

  /**
   * Filters `values` in place.
   * @param seconds since the last call; more than 0
   */
  filter(values: Float64Array, seconds: number): void {
    const { restCutoff, speedGain, speedCutoff } = this.#settings;
    if (!this.#primed) {
      this.#values.set(values);
      this.#speeds.fill(0);
      this.#primed = true;
      return;
    }
    const speedWeight = weight(speedCutoff, seconds);
    for (let k = 0; k < values.length; k++) {
      const last = this.#values[k]!;
      const change = values[k]! - last;
      const speed = this.#speeds[k]! + speedWeight * (change / seconds - this.#speeds[k]!);
      this.#speeds[k] = speed;
      const value = last + weight(restCutoff + speedGain * Math.abs(speed), seconds) * change;
      this.#values[k] = value;
      values[k] = value;
    }
  }
}

/** Share of the new value in a first-order low-pass. */
function weight(cutoff: number, seconds: number): number {
  const ratio = 2 * Math.PI * cutoff * seconds;
  return ratio / (ratio + 1);
}

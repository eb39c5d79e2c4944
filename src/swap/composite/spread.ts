/** Share of the samples that is left out at either end: highlights, hair and the frames of glasses. */
const TRIM = 0.07;

/** Mean and spread of bytes, robust against a few outliers. */
export class Spread {
  count = 0;
  mean = 0;
  /** Standard deviation. */
  deviation = 0;
  readonly #histogram = new Uint32Array(256);

  clear(): void {
    this.#histogram.fill(0);
    this.count = 0;
  }

  add(value: number): void {
    this.#histogram[value]!++;
    this.count++;
  }

  /** How often a value was added. */
  countOf(value: number): number {
    return this.#histogram[value]!;
  }

  /** Works out `mean` and `deviation` of what was added. */
  settle(): void {
    const histogram = this.#histogram;
    let skip = this.count * TRIM;
    let left = this.count - 2 * skip;
    let weight = 0;
    let sum = 0;
    let squares = 0;
    for (let value = 0; value < 256 && left > 0; value++) {
      let n = histogram[value]!;
      const skipped = n < skip ? n : skip;
      skip -= skipped;
      n -= skipped;
      if (n > left) n = left;
      left -= n;
      weight += n;
      sum += n * value;
      squares += n * value * value;
    }
    this.mean = weight > 0 ? sum / weight : 0;
    this.deviation = weight > 0 ? Math.sqrt(Math.max(0, squares / weight - this.mean * this.mean)) : 0;
  }
}

/** Samples to each side of three running means: nearly a Gaussian, here of deviation 5 (√((9² + 11² + 11² − 3) / 12) = 5.2). */
const FIVE = [4, 5, 5];

/** Softens shares in a square, in place. */
export class Softener {
  readonly #size: number;
  readonly #reaches: readonly number[];
  readonly #line: Float32Array;

  /** @param reaches samples to each side of running means that follow each other; default nearly a Gaussian of σ = 5 */
  constructor(size: number, reaches: readonly number[] = FIVE) {
    this.#size = size;
    this.#reaches = reaches;
    this.#line = new Float32Array(size);
  }

  /** As FaceFusion does: blurred, and what is below a half is cut off, so that the soft edge lies inside. @param shares [size, size], 0..1 */
  soften(shares: Float32Array): void {
    this.blur(shares);
    for (let k = 0; k < shares.length; k++) shares[k] = Math.min(1, Math.max(0, (shares[k]! - 0.5) * 2));
  }

  /** Blurred only. */
  blur(shares: Float32Array): void {
    const size = this.#size;
    for (const reach of this.#reaches) {
      for (let k = 0; k < size; k++) this.#mean(shares, { start: k * size, step: 1, reach });
      for (let k = 0; k < size; k++) this.#mean(shares, { start: k, step: size, reach });
    }
  }

  /** What blurring does along a line: [size, size], a row of weights for each sample of what comes out. */
  get weights(): Float32Array {
    const size = this.#size;
    const weights = new Float32Array(size * size);
    for (let k = 0; k < size; k++) {
      weights[k * size + k] = 1;
      for (const reach of this.#reaches) this.#mean(weights, { start: k, step: size, reach });
    }
    return weights;
  }

  /** Running mean along one line; its ends are repeated beyond it. */
  #mean(values: Float32Array, { start, step, reach }: { start: number; step: number; reach: number }): void {
    const [line, last] = [this.#line, this.#size - 1];
    for (let k = 0, at = start; k <= last; k++, at += step) line[k] = values[at]!;
    const share = 1 / (2 * reach + 1);
    let sum = line[0]! * (reach + 1);
    for (let k = 1; k <= reach; k++) sum += line[Math.min(k, last)]!;
    for (let k = 0, at = start; k <= last; k++, at += step) {
      values[at] = sum * share;
      sum += line[Math.min(k + reach + 1, last)]! - line[Math.max(k - reach, 0)]!;
    }
  }
}

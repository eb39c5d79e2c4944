/** Three running means of so many samples to each side: nearly a Gaussian, here of deviation 5 (√((9² + 11² + 11² − 3) / 12) = 5.2). */
const REACHES = [4, 5, 5];

/** Softens shares of a square as FaceFusion does: blurred with σ = 5, and what is below a half is cut off. */
export class Softener {
  readonly #size: number;
  readonly #line: Float32Array;

  constructor(size: number) {
    this.#size = size;
    this.#line = new Float32Array(size);
  }

  /** In place. @param shares [size, size], 0..1 */
  soften(shares: Float32Array): void {
    const size = this.#size;
    for (const reach of REACHES) {
      for (let k = 0; k < size; k++) this.#mean(shares, { start: k * size, step: 1, reach });
      for (let k = 0; k < size; k++) this.#mean(shares, { start: k, step: size, reach });
    }
    for (let k = 0; k < shares.length; k++) shares[k] = Math.min(1, Math.max(0, (shares[k]! - 0.5) * 2));
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

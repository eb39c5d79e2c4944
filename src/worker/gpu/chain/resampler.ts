import type { Resampling } from '../../../onnx/prepare/rewrites/crops/resampling.ts';

/** How one square lies in another: the point x of what is made is the point `scale` · x + `shift` of what it is made of. */
export interface Placing {
  readonly scale: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

/** Weights of the samples along one axis, `taps` for each that is made. */
interface Axis {
  readonly at: Int32Array;
  readonly weights: Float32Array;
}

/**
 * Makes squares of values of other squares: bilinear where they grow, and by a triangle as wide as what falls on one sample where they
 * shrink, so that nothing aliases. Beyond the edge the edge is repeated. The way there is worked out once, a row's and a column's.
 */
export class Resampler {
  readonly #from: number;
  readonly #to: number;
  readonly #taps: number;
  readonly #across: Axis;
  readonly #down: Axis;
  /** What was made of each row. */
  readonly #rows: Float32Array;

  /** @param placing default: edge to edge */
  constructor(from: number, to: number, placing: Placing = { scale: from / to, shiftX: 0, shiftY: 0 }) {
    this.#from = from;
    this.#to = to;
    const reach = Math.max(1, placing.scale);
    this.#taps = Math.ceil(2 * reach);
    const axis = (shift: number): Axis => axisOf({ from, to, scale: placing.scale, shift, reach, taps: this.#taps });
    this.#across = axis(placing.shiftX);
    this.#down = axis(placing.shiftY);
    this.#rows = new Float32Array(from * to);
  }

  /** The same as weights of every sample, for a graph to do it. */
  get whole(): Resampling {
    const [from, to] = [this.#from, this.#to];
    const whole = ({ at, weights }: Axis): Float32Array => {
      const matrix = new Float32Array(to * from);
      for (let k = 0; k < at.length; k++) matrix[Math.floor(k / this.#taps) * from + at[k]!]! += weights[k]!;
      return matrix;
    };
    return { from, to, across: whole(this.#across), down: whole(this.#down) };
  }

  /** @param source [from, from] @param target [to, to], written */
  run(source: Float32Array, target: Float32Array): void {
    this.#runAcross(source);
    const [to, taps, rows] = [this.#to, this.#taps, this.#rows];
    const { at, weights } = this.#down;
    for (let y = 0; y < to; y++) {
      const out = y * to;
      for (let tap = 0; tap < taps; tap++) {
        const weight = weights[y * taps + tap]!;
        let row = at[y * taps + tap]! * to;
        if (tap === 0) for (let x = out; x < out + to; x++) target[x] = weight * rows[row++]!;
        else if (weight > 0) for (let x = out; x < out + to; x++) target[x] = target[x]! + weight * rows[row++]!;
      }
    }
  }

  #runAcross(source: Float32Array): void {
    const [from, to, taps, rows] = [this.#from, this.#to, this.#taps, this.#rows];
    const { at, weights } = this.#across;
    for (let y = 0, out = 0; y < from; y++) {
      const row = y * from;
      if (taps === 2) {
        for (let k = 0; k < 2 * to; k += 2)
          rows[out++] = weights[k]! * source[row + at[k]!]! + weights[k + 1]! * source[row + at[k + 1]!]!;
        continue;
      }
      for (let x = 0, k = 0; x < to; x++) {
        let sum = 0;
        for (const end = k + taps; k < end; k++) sum += weights[k]! * source[row + at[k]!]!;
        rows[out++] = sum;
      }
    }
  }
}

function axisOf(options: {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly shift: number;
  /** Half the width of the triangle, samples. */
  readonly reach: number;
  readonly taps: number;
}): Axis {
  const { from, to, scale, shift, reach, taps } = options;
  const at = new Int32Array(to * taps);
  const weights = new Float32Array(to * taps);
  for (let k = 0; k < to; k++) {
    // From corners to indices, and back.
    const centre = scale * (k + 0.5) + shift - 0.5;
    const first = Math.floor(centre - reach) + 1;
    const share = (tap: number): number => Math.max(0, 1 - Math.abs(first + tap - centre) / reach);
    let whole = 0;
    for (let tap = 0; tap < taps; tap++) whole += share(tap);
    for (let tap = 0; tap < taps; tap++) {
      at[k * taps + tap] = Math.min(from - 1, Math.max(0, first + tap));
      weights[k * taps + tap] = share(tap) / whole;
    }
  }
  return { at, weights };
}

/** IEEE 754 half floats: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */

/** There are only so many halves, so whatever is computed of one is a table. */
export const HALVES = 65_536;

/** The value of every half; a model has millions of weights. */
let values: Float32Array | undefined;

export function widenFloat16(halves: Uint16Array): Float32Array {
  const table = halfValues();
  const wide = new Float32Array(halves.length);
  for (let k = 0; k < halves.length; k++) wide[k] = table[halves[k]!]!;
  return wide;
}

/** The value of each half, by its bits. Not to be changed. */
export function halfValues(): Float32Array {
  return (values ??= everyHalf());
}

const single = new Float32Array(1);
const bitsOfSingle = new Uint32Array(single.buffer);

/** Bits of the half nearest to `value`; of two equally near ones the even. What is too large is infinite. */
export function narrowFloat16(value: number): number {
  single[0] = value;
  const bits = bitsOfSingle[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent === 143) return sign | (fraction === 0 ? 0x7c00 : 0x7e00);
  if (exponent > 30) return sign | 0x7c00;
  if (exponent < -10) return sign;
  // Below 2^-14 the leading one is written out and the exponent is 0. Rounding up may carry into the exponent, as it should.
  if (exponent <= 0) return sign | rounded(fraction | 0x800000, 14 - exponent);
  return sign | rounded((exponent << 23) | fraction, 13);
}

/** Bits of the halves nearest to `values`; a model has a hundred million of them. */
export function narrowFloats16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let k = 0; k < halves.length; k++) {
    const magnitude = bits[k]! & 0x7fffffff;
    // From 2^-14 to below 65,520 only fraction and exponent move; half of what is cut off is added, and one bit less to even ones.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000) {
      const sign = (bits[k]! >>> 16) & 0x8000;
      halves[k] = sign | (((magnitude + 0xfff + ((magnitude >>> 13) & 1)) >>> 13) - (112 << 10));
    } else halves[k] = narrowFloat16(values[k]!);
  }
  return halves;
}

function rounded(bits: number, shift: number): number {
  const kept = bits >>> shift;
  const rest = bits & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return rest > middle || (rest === middle && (kept & 1) === 1) ? kept + 1 : kept;
}

function everyHalf(): Float32Array {
  const all = new Float32Array(HALVES);
  for (let half = 0; half < all.length; half++) {
    const sign = half >> 15 === 0 ? 1 : -1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) all[half] = sign * fraction * 2 ** -24;
    else if (exponent === 31) all[half] = fraction === 0 ? sign * Infinity : NaN;
    else all[half] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return all;
}

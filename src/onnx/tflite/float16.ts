/** Widens IEEE 754 half floats: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  const table = (halfValues ??= everyHalf());
  const wide = new Float32Array(halves.length);
  for (let k = 0; k < halves.length; k++) wide[k] = table[halves[k]!]!;
  return wide;
}

/** A model has millions of weights and there are only 65,536 halves. */
let halfValues: Float32Array | undefined;

function everyHalf(): Float32Array {
  const values = new Float32Array(65_536);
  for (let half = 0; half < values.length; half++) {
    const sign = half >> 15 === 0 ? 1 : -1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) values[half] = sign * fraction * 2 ** -24;
    else if (exponent === 31) values[half] = fraction === 0 ? sign * Infinity : NaN;
    else values[half] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}

/** Part of the side that the soft edge takes (FaceFusion's default blur of its box mask, docs/neural.md). */
const BLUR = 0.3;

/**
 * Where a swapped crop is to be seen: all of it but a soft edge. 255 inside, 0 at the border; as FaceFusion's box mask with its
 * defaults: a border of half the blur is cut off, then blurred by a Gaussian.
 * @returns [size, size] uint8
 */
export function boxMask(size: number): Uint8Array {
  const blur = Math.floor(size * 0.5 * BLUR);
  const border = Math.max(Math.floor(blur / 2), 1);
  // Box and Gaussian are both products of a row's and a column's, so one row tells all.
  const row = blurred(
    Float64Array.from({ length: size }, (_, k) => (k >= border && k < size - border ? 1 : 0)),
    blur * 0.25,
  );
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) mask[y * size + x] = Math.round(255 * row[x]! * row[y]!);
  return mask;
}

/** By a Gaussian of four deviations to each side; beyond the ends the values are mirrored. */
function blurred(values: Float64Array, deviation: number): Float64Array {
  const reach = Math.round(4 * deviation);
  const last = values.length - 1;
  const mirrored = (k: number): number => Math.abs(last - Math.abs(last - k));
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * deviation ** 2)));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return values.map(
    (_, at) => weights.reduce((sum, weight, k) => sum + weight * values[mirrored(at + k - reach)]!, 0) / whole,
  );
}

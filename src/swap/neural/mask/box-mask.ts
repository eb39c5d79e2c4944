/** How far a box reaches, and how soft its edge is. */
export interface BoxOptions {
  /** 0..1: half of it, as a share of half the side, is cut off. */
  readonly blur: number;
  /** Cut off at the top, right, bottom and left at least, shares of the side. */
  readonly padding: readonly [top: number, right: number, bottom: number, left: number];
}

/** As FaceFusion has it. */
export const USUAL_BOX: BoxOptions = { blur: 0.3, padding: [0, 0, 0, 0] };

/**
 * Where a swapped crop is to be seen: all of it but a soft edge. 255 inside, 0 at the border; as FaceFusion's box mask: a border of half
 * the blur, or the padding if that is wider, is cut off, then blurred by a Gaussian.
 * @returns [size, size] uint8
 */
export function boxMask(size: number, { blur, padding }: BoxOptions = USUAL_BOX): Uint8Array {
  const amount = Math.floor(size * 0.5 * blur);
  const border = Math.max(Math.floor(amount / 2), 1);
  const [top, right, bottom, left] = padding.map((share) => Math.max(border, Math.floor(size * share))) as Sides;
  // Box and Gaussian are both products of a row's and a column's.
  const edge = (before: number, after: number): Float64Array =>
    blurred(
      Float64Array.from({ length: size }, (_, k) => (k >= before && k < size - after ? 1 : 0)),
      amount * 0.25,
    );
  const [column, row] = [edge(top, bottom), edge(left, right)];
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) mask[y * size + x] = Math.round(255 * row[x]! * column[y]!);
  return mask;
}

type Sides = [top: number, right: number, bottom: number, left: number];

/** By a Gaussian of four deviations to each side; beyond the ends the values are mirrored. */
function blurred(values: Float64Array, deviation: number): Float64Array {
  if (deviation === 0) return values;
  const reach = Math.round(4 * deviation);
  const last = values.length - 1;
  const mirrored = (k: number): number => Math.abs(last - Math.abs(last - k));
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * deviation ** 2)));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return values.map(
    (_, at) =>
      weights.reduce((sum, weight, k) => sum + weight * values[Math.max(0, mirrored(at + k - reach))]!, 0) / whole,
  );
}

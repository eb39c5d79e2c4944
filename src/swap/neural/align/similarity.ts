/**
 * A similarity of the plane: turning, scaling, moving, no mirroring. Takes (x, y) to (a·x − b·y + tx, b·x + a·y + ty);
 * pixels are counted from the picture's corner, so the centre of the first one is (0.5, 0.5).
 */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/**
 * The similarity that takes `from` nearest to `to`: least squares over all points, in closed form (Umeyama 1991, without
 * mirroring). `undefined` if the points lie in one place or are not numbers.
 * @param from n × (x, y)
 * @param to the same number
 */
export function fitSimilarity(from: Float32Array, to: Float32Array): Similarity | undefined {
  const points = from.length / 2;
  let [fx, fy, gx, gy] = [0, 0, 0, 0];
  for (let i = 0; i < from.length; i += 2) {
    fx += from[i]! / points;
    fy += from[i + 1]! / points;
    gx += to[i]! / points;
    gy += to[i + 1]! / points;
  }
  let [along, across, spread] = [0, 0, 0];
  for (let i = 0; i < from.length; i += 2) {
    const [x, y, u, v] = [from[i]! - fx, from[i + 1]! - fy, to[i]! - gx, to[i + 1]! - gy];
    along += x * u + y * v;
    across += x * v - y * u;
    spread += x * x + y * y;
  }
  const [a, b] = [along / spread, across / spread];
  // Written so that what is not a number is refused too.
  if (!(a * a + b * b > 0 && a * a + b * b < Infinity)) return undefined;
  return { a, b, tx: gx - a * fx + b * fy, ty: gy - b * fx - a * fy };
}

/** The way back. */
export function invert({ a, b, tx, ty }: Similarity): Similarity {
  const square = a * a + b * b;
  const [c, d] = [a / square, -b / square];
  return { a: c, b: d, tx: d * ty - c * tx, ty: -d * tx - c * ty };
}

/** How many pixels one becomes. */
export function scaleOf({ a, b }: Similarity): number {
  return Math.hypot(a, b);
}

/** The same for points that are counted in steps of `unit` from (x, y) on. */
export function from({ a, b, tx, ty }: Similarity, x: number, y: number, unit: number): Similarity {
  return { a: a * unit, b: b * unit, tx: a * x - b * y + tx, ty: b * x + a * y + ty };
}

/** The same with the points that come out counted in steps of `unit`. */
export function inUnits({ a, b, tx, ty }: Similarity, unit: number): Similarity {
  return { a: a / unit, b: b / unit, tx: tx / unit, ty: ty / unit };
}

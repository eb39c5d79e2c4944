/** Rotation matrices of three dimensions: nine numbers, row by row. */
export type Rotation = Float64Array;

/** Rounds of the polar iteration: it converges quadratically, and ten reach the precision of the input. */
const ROUNDS = 10;

export function identity(): Rotation {
  return Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
}

/**
 * The rotation nearest to a matrix, in place: the orthogonal factor of its polar decomposition (Higham 1986),
 * Mₖ₊₁ = (Mₖ + Mₖ⁻ᵀ) / 2. With M = Σ a bᵀ it is the one that best turns the points b into a (Kabsch 1976). A matrix that is
 * flat or a mirror image becomes the identity.
 */
export function makeRotation(m: Float64Array): void {
  const norm = Math.hypot(...m) || 1;
  for (let k = 0; k < 9; k++) m[k]! /= norm;
  for (let round = 0; round < ROUNDS; round++) {
    const c = cofactors(m);
    const determinant = m[0]! * c[0]! + m[1]! * c[1]! + m[2]! * c[2]!;
    if (!(determinant > 1e-9)) {
      m.set(identity());
      return;
    }
    for (let k = 0; k < 9; k++) m[k] = (m[k]! + c[k]! / determinant) / 2;
  }
}

/** `a · bᵀ`: the turn from `b` to `a`. */
export function turnBetween(a: Rotation, b: Rotation): Rotation {
  const product = new Float64Array(9);
  for (let row = 0; row < 9; row += 3) {
    for (let column = 0; column < 3; column++) {
      const at = 3 * column;
      product[row + column] = a[row]! * b[at]! + a[row + 1]! * b[at + 1]! + a[row + 2]! * b[at + 2]!;
    }
  }
  return product;
}

/** A rotation as its axis times its angle in radians (its logarithm), for angles well under π. */
export function toVector(r: Rotation, out: Float64Array): void {
  const angle = Math.acos(Math.max(-1, Math.min(1, (r[0]! + r[4]! + r[8]! - 1) / 2)));
  const factor = angle < 1e-6 ? 0.5 : angle / (2 * Math.sin(angle));
  out[0] = factor * (r[7]! - r[5]!);
  out[1] = factor * (r[2]! - r[6]!);
  out[2] = factor * (r[3]! - r[1]!);
}

/** Rodrigues' formula: the rotation of a vector as `toVector` gives it, after `r`. */
export function turnBy(vector: Float64Array, r: Rotation): Rotation {
  const angle = Math.hypot(...vector);
  if (angle < 1e-12) return Float64Array.from(r);
  const [x, y, z] = [vector[0]! / angle, vector[1]! / angle, vector[2]! / angle];
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const rest = 1 - cosine;
  // Transposed, because turnBetween multiplies by a transpose.
  const transposed = transpose(r);
  const turn = Float64Array.of(
    ...[cosine + x * x * rest, x * y * rest - z * sine, x * z * rest + y * sine],
    ...[y * x * rest + z * sine, cosine + y * y * rest, y * z * rest - x * sine],
    ...[z * x * rest - y * sine, z * y * rest + x * sine, cosine + z * z * rest],
  );
  return turnBetween(turn, transposed);
}

function transpose(r: Rotation): Rotation {
  return Float64Array.of(r[0]!, r[3]!, r[6]!, r[1]!, r[4]!, r[7]!, r[2]!, r[5]!, r[8]!);
}

function cofactors(m: Float64Array): Float64Array {
  const minor = (a: number, b: number, c: number, d: number): number => m[a]! * m[b]! - m[c]! * m[d]!;
  return Float64Array.of(
    ...[minor(4, 8, 5, 7), minor(5, 6, 3, 8), minor(3, 7, 4, 6)],
    ...[minor(2, 7, 1, 8), minor(0, 8, 2, 6), minor(1, 6, 0, 7)],
    ...[minor(1, 5, 2, 4), minor(2, 3, 0, 5), minor(0, 4, 1, 3)],
  );
}

import { FACE_OVAL, LIPS_OUTER } from '../../mesh/geometry.ts';
import type { Similarity } from '../align/similarity.ts';

/** How far around the lips the caller's own mouth goes when it is kept, as a share of their size: a chin moves with its mouth. */
const LIPS_GROW = 1.2;

/** Outlines of a face in its crop, points of (x, y) pixels. Reused from frame to frame. */
export interface FaceShape {
  readonly oval: Float32Array;
  /** Around the lips, a little more than they are. */
  readonly lips: Float32Array;
}

export function createFaceShape(): FaceShape {
  return { oval: new Float32Array(2 * FACE_OVAL.length), lips: new Float32Array(2 * LIPS_OUTER.length) };
}

/**
 * Lays the outlines of a face into its crop.
 * @param landmarks 478 × (x, y, z) pixels of the picture
 * @param toCrop takes points of the picture to points of the crop
 */
export function placeShape(landmarks: Float32Array, toCrop: Similarity, { oval, lips }: FaceShape): void {
  place(landmarks, toCrop, FACE_OVAL, oval);
  place(landmarks, toCrop, LIPS_OUTER, lips);
  const points = lips.length / 2;
  let [middleX, middleY] = [0, 0];
  for (let k = 0; k < lips.length; k += 2) {
    middleX += lips[k]! / points;
    middleY += lips[k + 1]! / points;
  }
  for (let k = 0; k < lips.length; k += 2) {
    lips[k] = middleX + (lips[k]! - middleX) * LIPS_GROW;
    lips[k + 1] = middleY + (lips[k + 1]! - middleY) * LIPS_GROW;
  }
}

function place(
  landmarks: Float32Array,
  { a, b, tx, ty }: Similarity,
  indices: readonly number[],
  out: Float32Array,
): void {
  for (let k = 0; k < indices.length; k++) {
    const [x, y] = [landmarks[indices[k]! * 3]!, landmarks[indices[k]! * 3 + 1]!];
    out[2 * k] = a * x - b * y + tx;
    out[2 * k + 1] = b * x + a * y + ty;
  }
}

import { EYE_LEFT, EYE_RIGHT } from '../../mesh/geometry.ts';

/** Points that a face is aligned by. */
export const POINTS = 5;

/**
 * Mesh points that stand for the five points of the templates. Those were made for the 68-point landmarks of dlib, whose
 * eyes are the means of their contours (so they do not follow the gaze), whose nose is point 30, the tip, and whose corners of
 * the mouth are points 48 and 54. docs/neural.md says how well they fit.
 */
const LEFT_EYE: readonly number[] = EYE_LEFT;
const RIGHT_EYE: readonly number[] = EYE_RIGHT;
const NOSE = [4];
const LEFT_MOUTH = [61];
const RIGHT_MOUTH = [291];
const GROUPS = [LEFT_EYE, RIGHT_EYE, NOSE, LEFT_MOUTH, RIGHT_MOUTH];

/**
 * Left eye, right eye, nose and corners of the mouth of a face, left and right as the picture shows them.
 * @param landmarks 478 × (x, y, z)
 * @param out 5 × (x, y), written
 */
export function fivePoints(landmarks: Float32Array, out: Float32Array = new Float32Array(2 * POINTS)): Float32Array {
  for (let i = 0; i < POINTS; i++) {
    const group = GROUPS[i]!;
    let [x, y] = [0, 0];
    for (const point of group) {
      x += landmarks[point * 3]!;
      y += landmarks[point * 3 + 1]!;
    }
    out[i * 2] = x / group.length;
    out[i * 2 + 1] = y / group.length;
  }
  return out;
}

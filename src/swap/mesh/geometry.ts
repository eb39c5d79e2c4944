/** Which points of the face mesh make up what (MediaPipe Face Mesh indices; left and right are the picture's). */

/** Points of the face without the irises; the mesh has no others. */
export const MESH_POINTS = 468;

/** Contour of the eye on the left of the picture, in order.  */
export const EYE_LEFT = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246] as const;
/** Contour of the eye on the right of the picture, in order. */
export const EYE_RIGHT = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466] as const;
/** Outline of the face, in order from the middle of the forehead to the right. */
export const FACE_OVAL = [
  10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136,
  172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
] as const;
/** Inner contour of the lips, in order from the left corner along the lower lip. */
export const LIPS_INNER = [
  78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
] as const;
/** Outer contour of the lips, in order from the left corner along the lower lip. */
export const LIPS_OUTER = [
  61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
] as const;
/** Upper edge of the brow on the left of the picture, from the temple inwards, and the same on the right. */
export const BROW_LEFT = [70, 63, 105, 66, 107] as const;
export const BROW_RIGHT = [300, 293, 334, 296, 336] as const;

/** What a triangle shows. */
export const REGION = { skin: 0, eye: 1, mouth: 2 } as const;

/** A `REGION` for each triangle: inside an eye, inside the mouth, or skin. */
export function triangleRegions(triangles: Uint16Array): Uint8Array {
  const left = new Set<number>(EYE_LEFT);
  const right = new Set<number>(EYE_RIGHT);
  const mouth = new Set<number>(LIPS_INNER);
  const regions = new Uint8Array(triangles.length / 3);
  for (let t = 0; t < regions.length; t++) {
    const corners = triangles.subarray(t * 3, t * 3 + 3);
    if (corners.every((p) => left.has(p)) || corners.every((p) => right.has(p))) regions[t] = REGION.eye;
    else if (corners.every((p) => mouth.has(p))) regions[t] = REGION.mouth;
  }
  return regions;
}

import type { FaceGeometry } from '../../onnx/geometry.ts';
import type { HeadPose } from '../face.ts';
import { makeRotation } from './rotation.ts';

const DEGREES = 180 / Math.PI;

/**
 * How the head is turned: the rotation that brings the canonical face's rigid points nearest to the landmarks, in the
 * weighted least-squares sense (Kabsch), read as three angles. Depths of landmarks are in the scale of x.
 */
export function headPose(landmarks: Float32Array, geometry: FaceGeometry): HeadPose {
  const r = correlation(landmarks, geometry);
  makeRotation(r);
  // As roll after yaw after pitch: tilting the picture changes roll alone. x right, y up, z towards the camera.
  return {
    yaw: Math.asin(Math.max(-1, Math.min(1, -r[6]!))) * DEGREES,
    pitch: -Math.atan2(r[7]!, r[8]!) * DEGREES,
    roll: -Math.atan2(r[3]!, r[0]!) * DEGREES,
  };
}

/** Σ w · (landmark − mean) (vertex − mean)ᵀ, row by row; landmarks with y up and z towards the camera. */
function correlation(landmarks: Float32Array, geometry: FaceGeometry): Float64Array {
  const { vertices, weights } = geometry.rigid;
  const { positions } = geometry;
  const means = new Float64Array(6);
  let total = 0;
  for (let k = 0; k < vertices.length; k++) {
    const at = vertices[k]! * 3;
    const weight = weights[k]!;
    total += weight;
    for (let c = 0; c < 3; c++) {
      means[c]! += weight * landmarks[at + c]!;
      means[3 + c]! += weight * positions[at + c]!;
    }
  }
  const sums = new Float64Array(9);
  for (let k = 0; k < vertices.length; k++) {
    const at = vertices[k]! * 3;
    for (let row = 0; row < 3; row++) {
      const flip = row === 0 ? 1 : -1;
      const seen = flip * weights[k]! * (landmarks[at + row]! - means[row]! / total);
      for (let column = 0; column < 3; column++) {
        sums[3 * row + column]! += seen * (positions[at + column]! - means[3 + column]! / total);
      }
    }
  }
  return sums;
}

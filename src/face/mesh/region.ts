import type { Box, Square } from '../../media/plane.ts';
import { FACE_VERTICES } from '../../onnx/geometry.ts';
import type { Detection } from '../detect/detector.ts';

/** How much larger than the face the mesh's crop is. */
const MARGIN = 1.5;

/** Outer corners of the eyes on the picture's left and right. */
const LEFT_EYE_CORNER = 33;
const RIGHT_EYE_CORNER = 263;

/** Where the mesh is fitted first: the detection's box, upright by its eyes. */
export function squareOfDetection(detection: Detection): Square {
  const { box, points } = detection;
  return {
    cx: box.x + box.width / 2,
    cy: box.y + box.height / 2,
    size: Math.max(box.width, box.height) * MARGIN,
    rotation: Math.atan2(points[3]! - points[1]!, points[2]! - points[0]!),
  };
}

/**
 * Where the mesh is fitted next: the box around the landmarks, parallel to the picture's edges, made square and turned by
 * the line through the eyes. (A box parallel to the face moves the landmarks 0.5–1 pixel away from MediaPipe's.)
 */
export function squareOfLandmarks(landmarks: Float32Array): Square {
  const box = boxOfLandmarks(landmarks);
  return {
    cx: box.x + box.width / 2,
    cy: box.y + box.height / 2,
    size: Math.max(box.width, box.height) * MARGIN,
    rotation: Math.atan2(
      landmarks[RIGHT_EYE_CORNER * 3 + 1]! - landmarks[LEFT_EYE_CORNER * 3 + 1]!,
      landmarks[RIGHT_EYE_CORNER * 3]! - landmarks[LEFT_EYE_CORNER * 3]!,
    ),
  };
}

/** The smallest box around the face's landmarks, without the irises. */
export function boxOfLandmarks(landmarks: Float32Array): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k < FACE_VERTICES * 3; k += 3) {
    const x = landmarks[k]!;
    const y = landmarks[k + 1]!;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Intersection over union of two boxes, 0–1. */
export function overlap(a: Box, b: Box): number {
  const both = intersection(a, b);
  return both / (a.width * a.height + b.width * b.height - both);
}

/** Fraction of a box that lies inside a picture, 0–1. */
export function visibleFraction(box: Box, picture: { readonly width: number; readonly height: number }): number {
  return intersection(box, { x: 0, y: 0, width: picture.width, height: picture.height }) / (box.width * box.height);
}

function intersection(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

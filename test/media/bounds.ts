import type { Box } from '../../src/media/plane.ts';

/** Smallest box around the first `count` points of `landmarks` ((x, y, z) each); 468 are the face without irises. */
export function boundsOf(landmarks: Float32Array, count = 468): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < count * 3; i += 3) {
    left = Math.min(left, landmarks[i]!);
    right = Math.max(right, landmarks[i]!);
    top = Math.min(top, landmarks[i + 1]!);
    bottom = Math.max(bottom, landmarks[i + 1]!);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

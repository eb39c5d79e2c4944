import type { Detection } from '../detect/detector.ts';

/** Landmarks whose middle is where the detector has its first four points: left and right eye, nose tip, mouth. */
const SAME_POINTS: readonly (readonly [number, number])[] = [
  [33, 133],
  [362, 263],
  [4, 4],
  [13, 14],
];

/** Disagreement from which a mesh lies beside the face; on a face from the front it is under 0.1. */
const MOST = 0.15;

/**
 * Whether mesh and detector mean the same face. The mesh cannot judge this itself: laid over cheek and ear of a head seen
 * from the side, or a hand, it may report full belief.
 */
export function agrees(landmarks: Float32Array, { box, points }: Detection): boolean {
  const distances = SAME_POINTS.map(([a, b], k) => {
    const x = (landmarks[3 * a]! + landmarks[3 * b]!) / 2 - points[2 * k]!;
    const y = (landmarks[3 * a + 1]! + landmarks[3 * b + 1]!) / 2 - points[2 * k + 1]!;
    return Math.hypot(x, y) / Math.max(1, box.width);
  }).sort((a, b) => a - b);
  // The middle of four: one point may be covered.
  return (distances[1]! + distances[2]!) / 2 <= MOST;
}

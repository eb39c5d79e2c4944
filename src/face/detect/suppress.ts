/** Coordinates of a candidate: left, top, right, bottom, then six key points (x, y). */
export const CANDIDATE_VALUES = 16;

/** A detector's raw find, in units of its input. */
export interface Candidate {
  score: number;
  /** `CANDIDATE_VALUES` floats. */
  readonly values: Float32Array;
}

/** Overlap from which two candidates are the same face. */
const SAME_FACE = 0.3;

/**
 * Weighted non-maximum suppression (mediapipe NonMaxSuppressionCalculator, `WEIGHTED`): the best candidate takes the mean,
 * weighted by score, of all that overlap it. Steadier than taking the best alone.
 */
export function suppress(candidates: readonly Candidate[]): Candidate[] {
  let rest = [...candidates].sort((a, b) => b.score - a.score);
  const kept: Candidate[] = [];
  for (let best = rest[0]; best !== undefined; best = rest[0]) {
    const values = new Float32Array(CANDIDATE_VALUES);
    const others: Candidate[] = [];
    let weight = 0;
    for (const candidate of rest) {
      if (candidate !== best && overlap(candidate.values, best.values) <= SAME_FACE) {
        others.push(candidate);
        continue;
      }
      weight += candidate.score;
      for (let k = 0; k < CANDIDATE_VALUES; k++) values[k]! += candidate.values[k]! * candidate.score;
    }
    for (let k = 0; k < CANDIDATE_VALUES; k++) values[k]! /= weight;
    kept.push({ score: best.score, values });
    rest = others;
  }
  return kept;
}

/** Intersection over union of two candidates' boxes. */
function overlap(a: Float32Array, b: Float32Array): number {
  const width = Math.max(0, Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!));
  const height = Math.max(0, Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!));
  const both = width * height;
  const area = (v: Float32Array): number => (v[2]! - v[0]!) * (v[3]! - v[1]!);
  return both / (area(a) + area(b) - both);
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../src/entry.ts';
import { findFaces } from '../../../src/face/find-faces.ts';
import type { FaceModels } from '../../../src/face/models.ts';
import { FAST_PART } from '../../media/scripts.ts';
import { referencePixels, type PortraitName } from '../../media/portrait.ts';
import { mean, quantile } from '../quantile.ts';

/** Mean distance in the picture's plane of our landmarks from the official MediaPipe's, pixels. */
export async function landmarkError(models: FaceModels, portrait: PortraitName): Promise<number> {
  const [face] = await findFaces(models, referencePixels(portrait));
  if (!face) throw new Error(`a face must be found in the portrait [portrait:${portrait}]`);
  const file = join(PROJECT_ROOT, 'test/fixtures/landmarks-reference.json');
  const reference = JSON.parse(readFileSync(file, 'utf8')) as Record<string, [number, number, number][]>;
  const points = reference[portrait === 'hopper' ? 'hopper.png' : 'astronaut.png']!;
  return mean(points.map(([x, y], i) => Math.hypot(face.landmarks[i * 3]! - x, face.landmarks[i * 3 + 1]! - y)));
}

/** What was tracked in one frame beside what is true. `undefined` where the face was lost. */
export interface TrackedBesideTruth {
  readonly time: number;
  readonly tracked: Float32Array | undefined;
  readonly truth: Float32Array;
}

/**
 * Jitter: how far the error against the truth moves from one frame to the next, mean over the 468 points, and of that
 * the median over all frames; pixels.
 */
export function jitter(frames: readonly TrackedBesideTruth[]): number {
  const moves: number[] = [];
  for (let f = 1; f < frames.length; f++) {
    const [before, now] = [frames[f - 1]!, frames[f]!];
    if (!before.tracked || !now.tracked) continue;
    let sum = 0;
    for (let i = 0; i < 468 * 3; i += 3) {
      const dx = now.tracked[i]! - now.truth[i]! - (before.tracked[i]! - before.truth[i]!);
      const dy = now.tracked[i + 1]! - now.truth[i + 1]! - (before.tracked[i + 1]! - before.truth[i + 1]!);
      sum += Math.hypot(dx, dy);
    }
    moves.push(sum / 468);
  }
  return quantile(moves, 0.5);
}

/**
 * By how many frames the tracked face runs behind the true one in the fast part: the shift at which the horizontal
 * course of the face's middle correlates best, between frames by linear interpolation.
 */
export function lag(frames: readonly TrackedBesideTruth[]): number {
  const truth = frames.map(({ truth: points }) => middle(points));
  const tracked = frames.map(({ tracked: points }) => (points ? middle(points) : NaN));
  let best = { shift: NaN, correlation: -Infinity };
  for (let shift = -1; shift <= 3; shift += 0.01) {
    const [a, b]: [number[], number[]] = [[], []];
    frames.forEach(({ time }, f) => {
      const from = f - shift;
      const whole = Math.floor(from);
      const fast = time >= FAST_PART.from && time < FAST_PART.to;
      if (!fast || Number.isNaN(tracked[f]) || whole < 0 || whole + 1 >= truth.length) return;
      a.push(tracked[f]!);
      b.push(truth[whole]! + (truth[whole + 1]! - truth[whole]!) * (from - whole));
    });
    const found = correlation(a, b);
    if (found > best.correlation) best = { shift, correlation: found };
  }
  return best.shift;
}

function middle(points: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < 468; i++) sum += points[i * 3]!;
  return sum / 468;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
    ab += (a[i]! - ma) * (b[i]! - mb);
  }
  return ab / Math.sqrt(aa * bb);
}

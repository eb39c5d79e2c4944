import type { Square } from '../media/plane.ts';
import { type Detection, wholePicture } from './detect/detector.ts';
import { LANDMARKS } from './face.ts';
import { overlap, squareOfDetection, squareOfLandmarks } from './mesh/region.ts';
import { type EyeSpans, eyeSpan } from './track/side-view.ts';
import type { FaceModels } from './models.ts';
import type { Picture } from './picture.ts';

/** A face in a single picture. */
export interface FoundFace {
  /** 0–1: the mesh model's belief that this is a face. */
  readonly score: number;
  /** `LANDMARKS` × (x, y, z) in pixels of the picture. */
  readonly landmarks: Float32Array;
  readonly detection: Detection;
}

/** Least detector score at which something is called a face. */
export const LEAST_DETECTION = 0.5;
/** Least mesh score at which its landmarks are believed. */
export const LEAST_MESH = 0.5;
/** Overlap from which two detectors have found the same face. */
const SAME_FACE = 0.3;
/** The crop depends on the landmarks and they on the crop: rounds from the detection to where they stay, and there. */
const APPROACH = 3;
const ROUNDS = 4;
/** How far the crops of a round lie apart, as a share of their size (0.8 pixels of the model's input), and in radians. */
const SPREAD = 0.004;

/**
 * All faces of a single picture, the largest first. For photos and tests: it takes its time, 60 ms a face.
 *
 * Fitted again and again to one picture, the mesh does not settle but wanders by some tenths of a pixel, on a course that
 * the least difference in decoding a JPEG changes. So landmarks are the mean over crops that lie a little apart: within
 * 0.3 pixel of MediaPipe's own on faces of 93 and 188 pixels, however they were decoded.
 * Faces that the detector sees but the mesh does not believe in (turned far away) are left out.
 */
export async function findFaces(models: FaceModels, picture: Picture): Promise<FoundFace[]> {
  const found: FoundFace[] = [];
  for (const detection of await detectFaces(models, picture, LEAST_DETECTION)) {
    const landmarks = new Float32Array(LANDMARKS * 3);
    let square = squareOfDetection(detection);
    for (let round = 0; round < APPROACH; round++) {
      await models.mesh.fit(picture, square, landmarks);
      square = squareOfLandmarks(landmarks);
    }
    let score = 0;
    for (let round = 0; round < ROUNDS; round++) {
      score = await fitMean(models, picture, square, landmarks);
      square = squareOfLandmarks(landmarks);
    }
    if (score >= LEAST_MESH) found.push({ score, landmarks, detection });
  }
  return found;
}

/** Fits the mesh to nine crops around `square`: moved, resized and turned either way. Returns the mean score. */
async function fitMean(models: FaceModels, picture: Picture, square: Square, landmarks: Float32Array): Promise<number> {
  const { cx, cy, size, rotation } = square;
  const [step, sum] = [SPREAD * size, new Float64Array(landmarks.length)];
  const crops: Square[] = [square];
  for (const way of [-1, 1]) {
    crops.push({ ...square, cx: cx + way * step }, { ...square, cy: cy + way * step });
    crops.push({ ...square, size: size + way * step }, { ...square, rotation: rotation + way * SPREAD });
  }
  let score = 0;
  for (const crop of crops) {
    score += (await models.mesh.fit(picture, crop, landmarks)) / crops.length;
    for (let k = 0; k < sum.length; k++) sum[k]! += landmarks[k]! / crops.length;
  }
  landmarks.set(sum);
  return score;
}

/** A face that either detector has found. */
export interface SpottedFace extends Detection {
  readonly spans: EyeSpans;
}

/**
 * What either detector finds in a whole picture, each face once, the largest first.
 * @param isEnough told what the full-range detector found; true saves the short-range one, which only knows large faces
 */
export async function detectFaces(
  models: FaceModels,
  picture: Picture,
  threshold: number,
  isEnough: (far: readonly Detection[]) => boolean = () => false,
): Promise<SpottedFace[]> {
  const region = wholePicture(picture);
  const far = await models.far.detect(picture, region, threshold);
  const near = isEnough(far) ? [] : await models.near.detect(picture, region, threshold);
  const merged = near.map((one): SpottedFace => {
    const same = far.find((other) => overlap(one.box, other.box) >= SAME_FACE);
    return { ...one, spans: { near: eyeSpan(one), far: same && eyeSpan(same) } };
  });
  for (const one of far) {
    if (near.every((other) => overlap(one.box, other.box) < SAME_FACE)) {
      merged.push({ ...one, spans: { near: undefined, far: eyeSpan(one) } });
    }
  }
  return merged.sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height);
}

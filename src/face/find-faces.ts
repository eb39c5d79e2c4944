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
/**
 * The crop depends on the landmarks and they on the crop. From the fifth round on they wander by a few tenths of a pixel
 * without settling; the reference figures of MediaPipe were taken at the sixth.
 */
const ROUNDS = 6;

/**
 * All faces of a single picture with converged landmarks, the largest first. For photos and tests: it takes its time.
 * Faces that the detector sees but the mesh does not believe in (turned far away) are left out.
 */
export async function findFaces(models: FaceModels, picture: Picture): Promise<FoundFace[]> {
  const found: FoundFace[] = [];
  for (const detection of await detectFaces(models, picture, LEAST_DETECTION)) {
    const landmarks = new Float32Array(LANDMARKS * 3);
    let score = await models.mesh.fit(picture, squareOfDetection(detection), landmarks);
    for (let round = 1; round < ROUNDS; round++) {
      score = await models.mesh.fit(picture, squareOfLandmarks(landmarks), landmarks);
    }
    if (score >= LEAST_MESH) found.push({ score, landmarks, detection });
  }
  return found;
}

/** A face that either detector has found. */
export interface SpottedFace extends Detection {
  readonly spans: EyeSpans;
}

/** What either detector finds in a whole picture, each face once, the largest first. */
export async function detectFaces(models: FaceModels, picture: Picture, threshold: number): Promise<SpottedFace[]> {
  const region = wholePicture(picture);
  const far = await models.far.detect(picture, region, threshold);
  const near = await models.near.detect(picture, region, threshold);
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

import { createHash } from 'node:crypto';
import { findFaces } from '../../face/find-faces.ts';
import type { FaceModels } from '../../face/models.ts';
import { headPose } from '../../face/track/pose.ts';
import type { Box, Rgb } from '../../media/plane.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import { fieldsOf } from '../canonical/fields.ts';
import { MESH_POINTS } from '../mesh/geometry.ts';
import type { Consent, PreparedIdentity } from '../swap.ts';
import { readConsent } from './consent.ts';
import { judgeFaces, judgePortrait, type PhotoWarning } from './judge.ts';
import { cutPortrait, type Portrait } from './portrait.ts';
import { repairPortrait } from './repair.ts';
import { resample } from './resample.ts';

/** Side of the thumbnail, pixels. */
const THUMBNAIL = 128;
/** What the thumbnail shows, as a multiple of the face's larger side. */
const AROUND = 1.5;

/** A photo made ready, with what could be better about it. */
export interface PreparedPhoto {
  readonly identity: PreparedIdentity;
  readonly warnings: readonly PhotoWarning[];
  /** The face as in the photo, 128 × 128. */
  readonly thumbnail: Rgb;
  /** How far the head is turned or nodded, degrees, both together. */
  readonly turned: number;
  /** Of the face, 478 × (x, y, z) pixels of the photo. */
  readonly landmarks: Float32Array;
}

/**
 * Judges a photo and makes an identity of it. Takes its time (some 300 ms): never in a thread with live sessions.
 * @param statement a Consent as it came from outside; without one no photo is looked at
 * @throws GatewayError consent_missing, photo_no_face, photo_many_faces, photo_face_small, photo_face_turned, photo_dark,
 * photo_blurred
 */
export async function prepareIdentity(models: FaceModels, photo: Rgb, statement: unknown): Promise<PreparedPhoto> {
  const consent = readConsent(statement);
  return prepareFound(photo, await findFaces(models, photo), consent, models.geometry);
}

/**
 * The same with the faces already found.
 * @param faces 478 × (x, y, z) in pixels of the photo each
 */
export function prepareFound(
  photo: Rgb,
  faces: readonly { readonly landmarks: Float32Array }[],
  statement: unknown,
  geometry: FaceGeometry,
): PreparedPhoto {
  const consent = readConsent(statement);
  const { landmarks } = judgeFaces(faces, (face) => headPose(face.landmarks, geometry));
  const { yaw, pitch } = headPose(landmarks, geometry);
  const fields = fieldsOf(geometry);
  const portrait = cutPortrait(photo, landmarks, geometry);
  const warnings = judgePortrait(portrait, fields);
  repairPortrait(portrait, fields);
  const identity = identityOf(portrait, consent);
  return { identity, warnings, thumbnail: thumbnailOf(photo, landmarks), turned: Math.hypot(yaw, pitch), landmarks };
}

function identityOf({ width, height, y, u, v, points }: Portrait, consent: Consent): PreparedIdentity {
  const hash = createHash('sha256').update(`${width}x${height}`);
  for (const part of [y, u, v, new Uint8Array(points.buffer)]) hash.update(part);
  return { id: hash.digest('hex'), kind: 'photo', width, height, y, u, v, points, consent };
}

function thumbnailOf(photo: Rgb, landmarks: Float32Array): Rgb {
  return resample(photo, squareAround(landmarks), THUMBNAIL, THUMBNAIL);
}

function squareAround(landmarks: Float32Array): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < MESH_POINTS * 3; i += 3) {
    left = Math.min(left, landmarks[i]!);
    right = Math.max(right, landmarks[i]!);
    top = Math.min(top, landmarks[i + 1]!);
    bottom = Math.max(bottom, landmarks[i + 1]!);
  }
  const side = Math.max(right - left, bottom - top) * AROUND;
  // Hair reaches further above the face than the neck below counts.
  return { x: (left + right - side) / 2, y: (top + bottom - side) / 2 - side * 0.04, width: side, height: side };
}

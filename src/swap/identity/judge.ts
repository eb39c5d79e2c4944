import { GatewayError, type ErrorCode } from '../../errors.ts';
import type { HeadPose } from '../../face/face.ts';
import type { Fields } from '../canonical/fields.ts';
import { MESH_POINTS } from '../mesh/geometry.ts';
import type { Portrait } from './portrait.ts';
import { FOREHEAD_SHADE, isForehead, measureSkin, strangeness } from './skin.ts';

/** Something about a photo that makes a worse identity, with what to do about it. */
export interface PhotoWarning {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Least height of a face from hairline to chin, pixels of the photo. */
const SMALLEST_FACE = 96;
/** Most degrees that a head may be turned or nodded. */
const MOST_TURNED = 25;
/** Mean luma of the skin (16–235) below which a photo is refused, or warned about. */
const DARK = { refused: 44, warned: 68 } as const;
/** Sharpness (see `sharpness`) below which a photo is refused, or warned about. */
const SHARP = { refused: 0.062, warned: 0.1 } as const;
/** Height of the gap between the lips as a share of the mouth's width. */
const OPEN_MOUTH = 0.12;
/** Share of the forehead that may be covered. */
const COVERED = 0.4;

/**
 * Judges what can be told before looking at pixels.
 * @throws GatewayError photo_no_face, photo_many_faces, photo_face_small, photo_face_turned
 */
export function judgeFaces<Face extends { readonly landmarks: Float32Array }>(
  faces: readonly Face[],
  poseOf: (face: Face) => HeadPose,
): Face {
  const [face, ...others] = faces;
  if (!face) {
    throw refused('photo_no_face', 'the photo must show a face; choose one that looks into the camera, unobstructed');
  }
  if (others.length > 0) {
    throw refused('photo_many_faces', `the photo must show one face, cut the others off [faces:${faces.length}]`);
  }
  const height = heightOf(face.landmarks);
  if (height < SMALLEST_FACE) {
    const found = `[pixels:${Math.round(height)}]`;
    throw refused(
      'photo_face_small',
      `the face must be at least ${SMALLEST_FACE} pixels high, use a larger photo ${found}`,
    );
  }
  const pose = poseOf(face);
  if (Math.abs(pose.yaw) > MOST_TURNED || Math.abs(pose.pitch) > MOST_TURNED) {
    const found = `[yaw:${Math.round(pose.yaw)}] [pitch:${Math.round(pose.pitch)}]`;
    throw refused('photo_face_turned', `the face must look into the camera, within ${MOST_TURNED} degrees ${found}`);
  }
  return face;
}

/**
 * Judges the pixels of a portrait, before it is repaired.
 * @throws GatewayError photo_dark, photo_blurred
 */
export function judgePortrait(portrait: Portrait, fields: Fields): PhotoWarning[] {
  const warnings: PhotoWarning[] = [];
  const skin = measureSkin(portrait);
  if (skin.y < DARK.refused) throw refused('photo_dark', 'the face is too dark; take the photo in more light');
  if (skin.y < DARK.warned) warnings.push({ code: 'photo_dark', message: 'The face is dark: more light helps.' });
  const sharp = sharpness(portrait);
  if (sharp < SHARP.refused) {
    throw refused('photo_blurred', 'the face is too blurred; hold the camera still, or use a larger photo');
  }
  if (sharp < SHARP.warned) {
    warnings.push({ code: 'photo_blurred', message: 'The face is a little blurred: a sharper photo helps.' });
  }
  if (mouthGap(portrait.points) > OPEN_MOUTH) {
    const message = 'The mouth is open: with closed lips the mouth looks better while others speak.';
    warnings.push({ code: 'photo_mouth_open', message });
  }
  if (coveredForehead(portrait, fields) > COVERED) {
    const message = 'Hair or a hat covers the forehead: it is replaced by skin, a bare forehead looks better.';
    warnings.push({ code: 'photo_forehead_covered', message });
  }
  return warnings;
}

function refused(code: ErrorCode, message: string): GatewayError {
  return new GatewayError(code, message);
}

function heightOf(landmarks: Float32Array): number {
  let top = Infinity;
  let bottom = -Infinity;
  for (let i = 1; i < MESH_POINTS * 3; i += 3) {
    top = Math.min(top, landmarks[i]!);
    bottom = Math.max(bottom, landmarks[i]!);
  }
  return bottom - top;
}

/**
 * How much of the face's contrast lies in its finest details: mean size of the Laplacian at a standard size of the face,
 * around eyes, nose and mouth, over the spread of luma. A good portrait has 0.2 to
 * 0.6; one whose face was only 25 pixels large 0.06.
 */
export function sharpness(portrait: Portrait): number {
  const { width, y } = portrait;
  let sum = 0;
  let luma = 0;
  let squares = 0;
  let n = 0;
  for (let k = 2 * width; k < y.length - 2 * width; k++) {
    if (portrait.place[k]! < 0) continue;
    const here = y[k]!;
    sum += Math.abs(4 * here - y[k - 2]! - y[k + 2]! - y[k - 2 * width]! - y[k + 2 * width]!);
    luma += here;
    squares += here * here;
    n++;
  }
  const deviation = Math.sqrt(Math.max(1, squares / n - (luma / n) ** 2));
  return sum / n / deviation;
}

/** Gap between the inner lips (13, 14; points as x, y) as a share of the distance of the corners (61, 291). */
export function mouthGap(points: Float32Array): number {
  const distance = (a: number, b: number): number =>
    Math.hypot(points[a * 2]! - points[b * 2]!, points[a * 2 + 1]! - points[b * 2 + 1]!);
  return distance(13, 14) / distance(61, 291);
}

function coveredForehead(portrait: Portrait, fields: Fields): number {
  const skin = measureSkin(portrait);
  let covered = 0;
  let n = 0;
  for (let k = 0; k < portrait.place.length; k++) {
    if (portrait.place[k]! < 0 || !isForehead(fields, portrait.place[k]!)) continue;
    covered += strangeness(portrait, k, skin, FOREHEAD_SHADE);
    n++;
  }
  return n > 0 ? covered / n : 0;
}

import type { Rgb } from '../../media/plane.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import { FIELD_SIZE, TEXTURE_CENTIMETRES, type Fields } from '../canonical/fields.ts';
import { extentOf } from '../mesh/texture.ts';
import { MESH_POINTS, REGION, triangleRegions } from '../mesh/geometry.ts';
import { spreadValues } from '../mesh/spread-values.ts';
import { toPlanes444 } from '../planes.ts';
import { resample } from './resample.ts';

/** Size of the face in a texture, pixels (mean of width and height): smaller photos are enlarged well once, larger ones reduced. */
const SMALLEST = 288;
const LARGEST = 384;
/** What is kept around the face, as a share of its size: the raster may reach a little beyond. */
const MARGIN = 0.08;
/** Marks pixels outside the face, and inside the mouth between the lips: neither is skin. */
export const OUTSIDE = -1;
export const IN_MOUTH = -2;

/** A photo's face cut out at a standard size, with the place on the canonical face that every pixel shows. */
export interface Portrait {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** 468 × (x, y) in pixels of it. */
  readonly points: Float32Array;
  /** For every pixel the index into the canonical fields, or OUTSIDE or IN_MOUTH, which are below 0. */
  readonly place: Int32Array;
}

/** Cuts a face out of a photo. */
export function cutPortrait(photo: Rgb, landmarks: Float32Array, geometry: FaceGeometry): Portrait {
  const extent = extentOf(landmarks, 3);
  const scale = Math.max(SMALLEST, Math.min(LARGEST, extent)) / extent;
  const xs = Array.from({ length: MESH_POINTS }, (_, i) => landmarks[i * 3]!);
  const ys = Array.from({ length: MESH_POINTS }, (_, i) => landmarks[i * 3 + 1]!);
  const left = Math.min(...xs) - extent * MARGIN;
  const top = Math.min(...ys) - extent * MARGIN;
  const width = Math.ceil((Math.max(...xs) + extent * MARGIN - left) * scale);
  const height = Math.ceil((Math.max(...ys) + extent * MARGIN - top) * scale);
  const picture = resample(photo, { x: left, y: top, width: width / scale, height: height / scale }, width, height);
  const points = new Float32Array(MESH_POINTS * 2);
  for (let i = 0; i < MESH_POINTS; i++) {
    points[i * 2] = (xs[i]! - left) * scale;
    points[i * 2 + 1] = (ys[i]! - top) * scale;
  }
  return { width, height, ...toPlanes444(picture), points, place: placesOf(points, width, height, geometry) };
}

function placesOf(points: Float32Array, width: number, height: number, geometry: FaceGeometry): Int32Array {
  const regions = triangleRegions(geometry.triangles);
  const values = new Float32Array(width * height * 2).fill(OUTSIDE);
  const map = { width, height, values };
  const inMouth = geometry.texture.map(() => IN_MOUTH);
  spreadValues(map, points, geometry.triangles, inMouth, (t) => regions[t] !== REGION.mouth);
  spreadValues(map, points, geometry.triangles, geometry.texture, (t) => regions[t] === REGION.mouth);
  const place = new Int32Array(width * height);
  for (let k = 0; k < place.length; k++) {
    const u = values[k * 2]!;
    if (u < 0) {
      place[k] = u < -1.5 ? IN_MOUTH : OUTSIDE;
      continue;
    }
    const column = Math.max(0, Math.min(FIELD_SIZE - 1, Math.floor(u * FIELD_SIZE)));
    const row = Math.max(0, Math.min(FIELD_SIZE - 1, Math.floor(values[k * 2 + 1]! * FIELD_SIZE)));
    place[k] = row * FIELD_SIZE + column;
  }
  return place;
}

/** Where a place lies on the canonical face, centimetres; x to the right of the picture, y up. */
export function centimetresX(place: number): number {
  return (((place % FIELD_SIZE) + 0.5) / FIELD_SIZE - 0.5) * TEXTURE_CENTIMETRES;
}

export function centimetresY(place: number): number {
  return (0.5 - (Math.floor(place / FIELD_SIZE) + 0.5) / FIELD_SIZE) * TEXTURE_CENTIMETRES;
}

/** True for bare skin wherever there is no hair: no eyes, brows, lips or nostrils. */
export function isPlain(fields: Fields, place: number): boolean {
  if (fields.eye[place]! < 0.7 || fields.brow[place]! < 0.75 || fields.lips[place]! < 0.35) return false;
  return !(Math.abs(centimetresX(place)) < 1.9 && Math.abs(centimetresY(place) + 1.4) < 0.9);
}

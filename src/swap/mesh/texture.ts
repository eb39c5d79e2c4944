import type { PreparedIdentity } from '../swap.ts';
import { MESH_POINTS } from './geometry.ts';

/** One size of an identity's texture. Planes as in PreparedIdentity; `u`, `v` of the mesh points in pixels of this size. */
export interface TextureLevel {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** Smaller copies of a texture: a face far from the camera would sparkle if sampled from the full size. */
const LEVELS = 3;
/** A level is used down to this many of its pixels per pixel of the frame. */
const COARSEST = 1.6;

/** An identity with its smaller sizes. */
export interface Texture {
  readonly levels: readonly TextureLevel[];
  /** Size of the face in the largest level, pixels: mean of the extents of its mesh points. */
  readonly extent: number;
}

const ready = new WeakMap<PreparedIdentity, Texture>();

/** The texture of an identity; made at its first use in this thread and gone with it. */
export function textureOf(identity: PreparedIdentity): Texture {
  let texture = ready.get(identity);
  if (!texture) {
    texture = createTexture(identity);
    ready.set(identity, texture);
  }
  return texture;
}

/** The smallest level that still has enough pixels for a face of `extent` pixels in the frame. */
export function levelFor(texture: Texture, extent: number): TextureLevel {
  let level = 0;
  let ratio = texture.extent / Math.max(1, extent);
  while (ratio > COARSEST && level < texture.levels.length - 1) {
    ratio /= 2;
    level++;
  }
  return texture.levels[level]!;
}

/** Mean of width and height of the box around the first 468 points. */
export function extentOf(points: Float32Array, stride: 2 | 3): number {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < MESH_POINTS * stride; i += stride) {
    left = Math.min(left, points[i]!);
    right = Math.max(right, points[i]!);
    top = Math.min(top, points[i + 1]!);
    bottom = Math.max(bottom, points[i + 1]!);
  }
  return (right - left + bottom - top) / 2;
}

function createTexture(identity: PreparedIdentity): Texture {
  const u = new Float32Array(MESH_POINTS);
  const v = new Float32Array(MESH_POINTS);
  for (let i = 0; i < MESH_POINTS; i++) {
    u[i] = identity.points[i * 2]!;
    v[i] = identity.points[i * 2 + 1]!;
  }
  const { width, height } = identity;
  const levels: TextureLevel[] = [{ width, height, y: identity.y, cb: identity.u, cr: identity.v, u, v }];
  while (levels.length < LEVELS && Math.min(levels.at(-1)!.width, levels.at(-1)!.height) >= 64) {
    levels.push(halve(levels.at(-1)!));
  }
  return { levels, extent: extentOf(identity.points, 2) };
}

function halve(level: TextureLevel): TextureLevel {
  return {
    width: level.width >> 1,
    height: level.height >> 1,
    y: halvePlane(level.y, level.width, level.height),
    cb: halvePlane(level.cb, level.width, level.height),
    cr: halvePlane(level.cr, level.width, level.height),
    u: level.u.map((x) => x / 2),
    v: level.v.map((y) => y / 2),
  };
}

function halvePlane(plane: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint8Array(w * h);
  for (let y = 0, o = 0; y < h; y++) {
    for (let x = 0, k = y * 2 * width; x < w; x++, k += 2) {
      out[o++] = (plane[k]! + plane[k + 1]! + plane[k + width]! + plane[k + width + 1]! + 2) >> 2;
    }
  }
  return out;
}

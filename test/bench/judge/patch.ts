import type { I420 } from '../../../src/media/plane.ts';
import { boundsOf } from '../../media/bounds.ts';
import { fillPolygon } from '../../media/polygon.ts';
import { hullOf } from './hull.ts';

/** Where a face truly is in a picture: the part of its bounding box inside the picture, and which pixels are face. */
export interface FaceArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 255 inside the convex hull of the face's points. */
  readonly mask: Uint8Array;
  /** Side of the blocks to compare, pixels. */
  readonly block: number;
  /** Share of the hull that lies inside the picture, 0–1. */
  readonly visible: number;
}

/** A face is compared in blocks of this share of its larger side, and no smaller than this many pixels. */
const BLOCK_SHARE = 1 / 18;
const SMALLEST_BLOCK = 6;
/** Deviation of luma from which a block has something to recognise; camera noise has 1.5. */
const TEXTURE = 4;
/** Correlation from which a block shows the same thing. What a codec leaves of a block at a call's rate has more. */
const SAME_STRUCTURE = 0.7;
/** Most difference of the means of blocks that show the same thing, luma steps. */
const SAME_LIGHT = 14;

/**
 * From this share on a picture shows the person. On the synthetic scenes a face itself has 0.98 to 1 after two codecs, a
 * swap that keeps eyes and mouth at most 0.21, a hidden face at most 0.1 (patch.test.ts).
 */
export const EXPOSED = 0.3;

/** The same for a face that is turned so far (degrees) that no swap keeps its eyes and mouth: it has to be hidden. */
export const EXPOSED_TURNED = { from: 55, share: 0.15 } as const;

/** The face's place in pictures of `width` × `height`; `undefined` where none of it can be seen. */
export function areaOf(landmarks: Float32Array, width: number, height: number): FaceArea | undefined {
  const box = boundsOf(landmarks);
  const left = Math.max(0, Math.floor(box.x));
  const top = Math.max(0, Math.floor(box.y));
  const right = Math.min(width, Math.ceil(box.x + box.width));
  const bottom = Math.min(height, Math.ceil(box.y + box.height));
  if (right - left < 2 * SMALLEST_BLOCK || bottom - top < 2 * SMALLEST_BLOCK) return undefined;
  const outline = hullOf(landmarks).map((value, index) => value - (index % 2 === 0 ? left : top));
  const mask = fillPolygon(outline, right - left, bottom - top);
  const side = Math.max(box.width, box.height);
  const block = Math.max(SMALLEST_BLOCK, Math.round(side * BLOCK_SHARE));
  const visible = mask.reduce((sum, value) => sum + (value ? 1 : 0), 0) / polygonArea(outline);
  return { x: left, y: top, width: right - left, height: bottom - top, mask, block, visible };
}

/** The luma of an area. */
export function cropLuma(picture: I420, { x, y, width, height }: FaceArea): Uint8Array {
  const luma = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * picture.strideY + x;
    luma.set(picture.y.subarray(from, from + width), row * width);
  }
  return luma;
}

/**
 * How much of a face a picture shows: of the blocks of `face` that have structure, the share that is found in `seen`
 * at the same place, with the same structure and light. 1 for the face itself after a codec, near 0 for another face or
 * a hidden one; eyes and mouth that a swap keeps count like all else. NaN if the face has no structure.
 */
export function shownShare(seen: Uint8Array, face: Uint8Array, area: FaceArea): number {
  const { width, height, block, mask } = area;
  let [structured, same] = [0, 0];
  for (let top = 0; top + block <= height; top += block) {
    for (let left = 0; left + block <= width; left += block) {
      const verdict = compareBlock(seen, face, mask, width, top * width + left, block);
      if (verdict === 'plain') continue;
      structured++;
      if (verdict === 'same') same++;
    }
  }
  return structured < 4 ? NaN : same / structured;
}

function compareBlock(
  seen: Uint8Array,
  face: Uint8Array,
  mask: Uint8Array,
  pitch: number,
  from: number,
  block: number,
): 'plain' | 'same' | 'other' {
  let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
  for (let row = 0; row < block; row++) {
    for (let at = from + row * pitch; at < from + row * pitch + block; at++) {
      if (mask[at] === 0) return 'plain';
      const p = face[at]!;
      const q = seen[at]!;
      a += p;
      b += q;
      aa += p * p;
      bb += q * q;
      ab += p * q;
    }
  }
  const count = block * block;
  const variance = aa / count - (a / count) ** 2;
  if (variance < TEXTURE * TEXTURE) return 'plain';
  if (Math.abs(a - b) / count > SAME_LIGHT) return 'other';
  const seenVariance = bb / count - (b / count) ** 2;
  const correlation = (ab / count - (a / count) * (b / count)) / Math.sqrt(variance * Math.max(seenVariance, 1e-6));
  return correlation > SAME_STRUCTURE ? 'same' : 'other';
}

function polygonArea(outline: readonly number[]): number {
  let twice = 0;
  for (let i = 0; i < outline.length; i += 2) {
    const [x1, y1] = [outline[(i + 2) % outline.length]!, outline[(i + 3) % outline.length]!];
    twice += outline[i]! * y1 - x1 * outline[i + 1]!;
  }
  return Math.max(1, Math.abs(twice) / 2);
}

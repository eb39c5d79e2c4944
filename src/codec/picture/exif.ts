import type { Rgb } from '../../media/plane.ts';

/** EXIF 2.3 tag 0x0112: 1 upright, 2 mirrored, 3 half a turn, 4 flipped, 5–8 the same with a quarter turn. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export const UPRIGHT: Orientation = 1;

const ORIENTATION_TAG = 0x0112;

/**
 * Orientation from a TIFF block (TIFF 6.0 §2: byte order, 42, offset of the first directory of 12-byte entries).
 * Anything odd counts as upright: a photo is not refused for its notes.
 */
export function orientationOf(tiff: Uint8Array): Orientation {
  if (tiff.length < 8) return UPRIGHT;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return UPRIGHT;
  const entries = view.getUint16(directory, little);
  for (let index = 0; index < entries; index++) {
    const at = directory + 2 + index * 12;
    if (at + 12 > tiff.length) break;
    if (view.getUint16(at, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? (value as Orientation) : UPRIGHT;
  }
  return UPRIGHT;
}

/** Turns and mirrors a picture as its orientation asks, so that it is upright. */
export function makeUpright(rgb: Rgb, orientation: Orientation): Rgb {
  if (orientation === UPRIGHT) return rgb;
  const { width, height, data } = rgb;
  const turned = orientation >= 5;
  const [outWidth, outHeight] = turned ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  let to = 0;
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++, to += 3) {
      // Where this upright pixel lies in the stored picture.
      const x = turned ? row : column;
      const y = turned ? column : row;
      const from = ((mirrorY ? height - 1 - y : y) * width + (mirrorX ? width - 1 - x : x)) * 3;
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return { width: outWidth, height: outHeight, data: out };
}

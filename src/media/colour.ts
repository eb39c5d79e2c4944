import { allocI420, type I420, type Rgb } from './plane.ts';

/*
 * BT.601, limited range, in fixed point with 16 fractional bits:
 *   Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255       R = 1.164 (Y − 16) + 1.596 (V − 128)
 *   U = 128 + (−37.797 R − 74.203 G + 112 B) / 255         G = 1.164 (Y − 16) − 0.392 (U − 128) − 0.813 (V − 128)
 *   V = 128 + (112 R − 93.786 G − 18.214 B) / 255          B = 1.164 (Y − 16) + 2.017 (U − 128)
 */
const HALF = 1 << 15;

/** Converts a picture to I420; each chroma sample is the mean of its (up to) four pixels. Any size from 2 × 2. */
export function rgbToI420(rgb: Rgb, into: I420 = allocI420(rgb.width, rgb.height)): I420 {
  const { width, height, data } = rgb;
  for (let row = 0; row < height; row++) {
    let from = row * width * 3;
    let to = row * into.strideY;
    for (let column = 0; column < width; column++, from += 3, to++) {
      const luma = 16829 * data[from]! + 33039 * data[from + 1]! + 6416 * data[from + 2]!;
      into.y[to] = 16 + ((luma + HALF) >> 16);
    }
  }
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  for (let row = 0; row < chromaHeight; row++) {
    const upper = row * 2 * width;
    const lower = Math.min(row * 2 + 1, height - 1) * width;
    for (let column = 0; column < chromaWidth; column++) {
      const left = column * 2;
      const right = Math.min(left + 1, width - 1);
      const a = (upper + left) * 3;
      const b = (upper + right) * 3;
      const c = (lower + left) * 3;
      const d = (lower + right) * 3;
      const red = data[a]! + data[b]! + data[c]! + data[d]!;
      const green = data[a + 1]! + data[b + 1]! + data[c + 1]! + data[d + 1]!;
      const blue = data[a + 2]! + data[b + 2]! + data[c + 2]! + data[d + 2]!;
      const to = row * into.strideUv + column;
      into.u[to] = 128 + ((-9714 * red - 19070 * green + 28784 * blue + HALF * 4) >> 18);
      into.v[to] = 128 + ((28784 * red - 24103 * green - 4681 * blue + HALF * 4) >> 18);
    }
  }
  return into;
}

/** Converts a picture to RGB; chroma is interpolated linearly between its samples, which lie amid four pixels. */
export function i420ToRgb(picture: I420): Rgb {
  const { width, height } = picture;
  const data = new Uint8Array(width * height * 3);
  const u = new Int32Array(width);
  const v = new Int32Array(width);
  for (let row = 0; row < height; row++) {
    chromaRow(picture.u, picture.strideUv, row, width, height, u);
    chromaRow(picture.v, picture.strideUv, row, width, height, v);
    let to = row * width * 3;
    const from = row * picture.strideY;
    for (let column = 0; column < width; column++, to += 3) {
      const luma = 76309 * (picture.y[from + column]! - 16) + HALF;
      // Chroma rows come times 16.
      const blueness = u[column]! - 2048;
      const redness = v[column]! - 2048;
      data[to] = clampByte((luma + ((104597 * redness) >> 4)) >> 16);
      data[to + 1] = clampByte((luma - ((25675 * blueness + 53279 * redness) >> 4)) >> 16);
      data[to + 2] = clampByte((luma + ((132201 * blueness) >> 4)) >> 16);
    }
  }
  return { width, height, data };
}

/** One luma row's chroma, times 16: three quarters of the nearer sample and one of the farther, in both directions. */
function chromaRow(plane: Uint8Array, stride: number, row: number, width: number, height: number, into: Int32Array) {
  const lastRow = ((height + 1) >> 1) - 1;
  const lastColumn = ((width + 1) >> 1) - 1;
  const near = (row >> 1) * stride;
  const far = Math.min(lastRow, Math.max(0, (row >> 1) + (row & 1 ? 1 : -1))) * stride;
  for (let column = 0; column < width; column++) {
    const at = column >> 1;
    const beside = Math.min(lastColumn, Math.max(0, at + (column & 1 ? 1 : -1)));
    into[column] = 9 * plane[near + at]! + 3 * plane[near + beside]! + 3 * plane[far + at]! + plane[far + beside]!;
  }
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

import type { I420, Rgb, Square } from './plane.ts';

/** How a crop's values come out. */
export interface CropRange {
  /** Value of black and of white. */
  readonly black: number;
  readonly white: number;
  /** What lies beyond the picture's edge: black, or the edge's own pixels. */
  readonly outside: 'black' | 'edge';
}

/** BT.601, limited range: luma gain, and what chroma adds to red, green and blue. */
const LUMA = 255 / 219;
const V_TO_RED = 1.596027;
const U_TO_GREEN = -0.391762;
const V_TO_GREEN = -0.812968;
const U_TO_BLUE = 2.017232;

/** From this many picture pixels to one of the crop, luma is halved first: samples that skip pixels tremble with noise. */
const HALVE_FROM = 2;

/** What the kernel samples: chroma is at full (`shift` 0) or half (`shift` 1) the luma's resolution. */
interface Planes {
  readonly picture: I420;
  readonly shift: 0 | 1;
}

/**
 * Samples rotated squares of I420 pictures into a model's input, bilinear in luma, nearest in chroma. Keeps a half-size
 * luma plane for large squares; one for each model is enough.
 */
export class I420Cropper {
  #half = new Uint8Array(0);

  /** @param out `size * size * 3` floats, RGB, rows first */
  crop(picture: I420, square: Square, size: number, out: Float32Array, range: CropRange): void {
    if (square.size < size * HALVE_FROM) {
      sample({ picture, shift: 1 }, square, size, out, range);
      return;
    }
    const { cx, cy, rotation } = square;
    const half = { cx: cx / 2, cy: cy / 2, size: square.size / 2, rotation };
    sample({ picture: this.#halve(picture, half), shift: 0 }, half, size, out, range);
  }

  /** The picture with a luma plane of its chroma's size, made only where the square lies. */
  #halve(picture: I420, square: Square): I420 {
    const { y: luma, strideY, u, v, strideUv } = picture;
    const width = (picture.width + 1) >> 1;
    const height = (picture.height + 1) >> 1;
    if (this.#half.length < width * height) this.#half = new Uint8Array(width * height);
    const half = this.#half;
    const reach = reachOf(square);
    const from = Math.max(0, Math.floor(square.cx - reach));
    const to = Math.min(width, Math.ceil(square.cx + reach));
    const last = Math.min(height, Math.ceil(square.cy + reach));
    // Of an odd column or row at the end, only the first of the two is there.
    const wholeColumns = Math.min(to, picture.width >> 1);
    for (let row = Math.max(0, Math.floor(square.cy - reach)); row < last; row++) {
      const upper = 2 * row * strideY;
      const lower = 2 * row + 1 < picture.height ? upper + strideY : upper;
      const at = row * width;
      for (let column = from; column < wholeColumns; column++) {
        const k = 2 * column;
        half[at + column] =
          (luma[upper + k]! + luma[upper + k + 1]! + luma[lower + k]! + luma[lower + k + 1]! + 2) >> 2;
      }
      if (wholeColumns < to) half[at + to - 1] = (luma[upper + 2 * to - 2]! + luma[lower + 2 * to - 2]! + 1) >> 1;
    }
    return { width, height, y: half, u, v, strideY: width, strideUv };
  }
}

function sample(planes: Planes, square: Square, size: number, out: Float32Array, range: CropRange): void {
  const { shift } = planes;
  const { width, height, y: luma, u: blueness, v: redness, strideY, strideUv } = planes.picture;
  const scale = (range.white - range.black) / 255;
  const [black, white] = [range.black, range.white];
  const gain = LUMA * scale;
  const offset = black - 16 * gain;
  const [vr, ug, vg, ub] = [V_TO_RED * scale, U_TO_GREEN * scale, V_TO_GREEN * scale, U_TO_BLUE * scale];
  const { startX, startY, alongX, alongY } = steps(square, size);
  const inside = liesInside(square, width, height);
  const edge = range.outside === 'edge';
  const [lastX, lastY] = [width - 1, height - 1];
  let to = 0;
  for (let row = 0; row < size; row++) {
    let x = startX - alongY * row;
    let y = startY + alongX * row;
    for (let column = 0; column < size; column++, x += alongX, y += alongY, to += 3) {
      let px = x;
      let py = y;
      if (!inside) {
        if (!edge && (x < -0.5 || y < -0.5 || x > lastX + 0.5 || y > lastY + 0.5)) {
          out[to] = out[to + 1] = out[to + 2] = black;
          continue;
        }
        px = x < 0 ? 0 : x > lastX ? lastX : x;
        py = y < 0 ? 0 : y > lastY ? lastY : y;
      }
      const left = px | 0;
      const top = py | 0;
      const fx = px - left;
      const fy = py - top;
      const at = top * strideY + left;
      // At the last column or row the fraction is 0: the same pixel stands in for the one beyond.
      const right = left < lastX ? 1 : 0;
      const below = top < lastY ? at + strideY : at;
      const upper = luma[at]! + (luma[at + right]! - luma[at]!) * fx;
      const lower = luma[below]! + (luma[below + right]! - luma[below]!) * fx;
      const light = (upper + (lower - upper) * fy) * gain + offset;
      const chroma = ((py + 0.5) >> shift) * strideUv + ((px + 0.5) >> shift);
      const u = blueness[chroma]! - 128;
      const v = redness[chroma]! - 128;
      const red = light + vr * v;
      const green = light + ug * u + vg * v;
      const blue = light + ub * u;
      out[to] = red < black ? black : red > white ? white : red;
      out[to + 1] = green < black ? black : green > white ? white : green;
      out[to + 2] = blue < black ? black : blue > white ? white : blue;
    }
  }
}

/** As `I420Cropper.crop`, from an RGB picture, bilinear in all three, at full size. */
export function cropRgb(picture: Rgb, square: Square, size: number, out: Float32Array, range: CropRange): void {
  const { width, height, data } = picture;
  const scale = (range.white - range.black) / 255;
  const { startX, startY, alongX, alongY } = steps(square, size);
  const edge = range.outside === 'edge';
  const [lastX, lastY] = [width - 1, height - 1];
  let to = 0;
  for (let row = 0; row < size; row++) {
    let x = startX - alongY * row;
    let y = startY + alongX * row;
    for (let column = 0; column < size; column++, x += alongX, y += alongY, to += 3) {
      if (!edge && (x < -0.5 || y < -0.5 || x > lastX + 0.5 || y > lastY + 0.5)) {
        out[to] = out[to + 1] = out[to + 2] = range.black;
        continue;
      }
      const px = x < 0 ? 0 : x > lastX ? lastX : x;
      const py = y < 0 ? 0 : y > lastY ? lastY : y;
      const left = px | 0;
      const top = py | 0;
      const fx = px - left;
      const fy = py - top;
      const at = (top * width + left) * 3;
      const right = left < lastX ? 3 : 0;
      const below = top < lastY ? at + width * 3 : at;
      for (let c = 0; c < 3; c++) {
        const upper = data[at + c]! + (data[at + right + c]! - data[at + c]!) * fx;
        const lower = data[below + c]! + (data[below + right + c]! - data[below + c]!) * fx;
        out[to + c] = (upper + (lower - upper) * fy) * scale + range.black;
      }
    }
  }
}

/** Where the centre of the first output pixel lies, in pixel indices, and the step from a column to the next. */
function steps(square: Square, size: number) {
  const perPixel = square.size / size;
  const alongX = Math.cos(square.rotation) * perPixel;
  const alongY = Math.sin(square.rotation) * perPixel;
  const first = 0.5 - size / 2;
  return {
    startX: square.cx + first * (alongX - alongY) - 0.5,
    startY: square.cy + first * (alongY + alongX) - 0.5,
    alongX,
    alongY,
  };
}

/** True if no sample of the square can need a pixel beyond the picture. */
function liesInside(square: Square, width: number, height: number): boolean {
  const reach = reachOf(square);
  return square.cx - reach >= 0 && square.cy - reach >= 0 && square.cx + reach <= width && square.cy + reach <= height;
}

/** Half the width of the upright box around a square, with a pixel to spare for interpolation. */
function reachOf({ size, rotation }: Square): number {
  return (size / 2) * (Math.abs(Math.cos(rotation)) + Math.abs(Math.sin(rotation))) + 1;
}

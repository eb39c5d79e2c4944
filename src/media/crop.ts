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

/**
 * Samples a rotated square of an I420 picture into a model's input, bilinear in luma, nearest in chroma.
 * @param out `size * size * 3` floats, RGB, rows first
 */
export function cropI420(picture: I420, square: Square, size: number, out: Float32Array, range: CropRange): void {
  const { width, height, y: luma, u: blueness, v: redness, strideY, strideUv } = picture;
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
      const chroma = ((py + 0.5) >> 1) * strideUv + ((px + 0.5) >> 1);
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

/** As `cropI420`, from an RGB picture, bilinear in all three. */
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
  const turned = Math.abs(Math.cos(square.rotation)) + Math.abs(Math.sin(square.rotation));
  const reach = (square.size / 2) * turned + 1;
  return square.cx - reach >= 0 && square.cy - reach >= 0 && square.cx + reach <= width && square.cy + reach <= height;
}

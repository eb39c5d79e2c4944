import type { Rgb } from '../../media/plane.ts';
import { resample } from '../../swap/identity/resample.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';

/** Side of a thumbnail, pixels. */
const SIDE = 192;

/** What a painted mask looks like: its texture's face, from forehead to chin, 192 × 192. */
export function maskThumbnail(mask: PreparedIdentity): Rgb {
  const { points, width, height } = mask;
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let i = 0; i + 1 < points.length; i += 2) {
    const x = points[i] ?? 0;
    const y = points[i + 1] ?? 0;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const side = Math.max(right - left, bottom - top);
  const box = { x: (left + right - side) / 2, y: (top + bottom - side) / 2, width: side, height: side };
  return resample(toRgb(mask), box, SIDE, SIDE);
}

/** BT.601 limited range 4:4:4 as RGB (the inverse of src/swap/planes.ts). */
function toRgb({ width, height, y, u, v }: PreparedIdentity): Rgb {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, to = 0; i < width * height; i++, to += 3) {
    const luma = 1.164383 * ((y[i] ?? 16) - 16) + 0.5;
    const blueness = (u[i] ?? 128) - 128;
    const redness = (v[i] ?? 128) - 128;
    data[to] = clampByte(luma + 1.596027 * redness);
    data[to + 1] = clampByte(luma - 0.391762 * blueness - 0.812968 * redness);
    data[to + 2] = clampByte(luma + 2.017232 * blueness);
  }
  return { width, height, data };
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

import type { Rgb } from '../media/plane.ts';

/** RGB as 4:4:4 planes, BT.601 limited range. */
export function toPlanes444(picture: Rgb): { y: Uint8Array; u: Uint8Array; v: Uint8Array } {
  const { data } = picture;
  const pixels = picture.width * picture.height;
  const y = new Uint8Array(pixels);
  const u = new Uint8Array(pixels);
  const v = new Uint8Array(pixels);
  for (let i = 0, k = 0; i < pixels; i++, k += 3) {
    const red = data[k]!;
    const green = data[k + 1]!;
    const blue = data[k + 2]!;
    y[i] = 16.5 + 0.256788 * red + 0.504129 * green + 0.097906 * blue;
    u[i] = 128.5 - 0.148223 * red - 0.290993 * green + 0.439216 * blue;
    v[i] = 128.5 + 0.439216 * red - 0.367788 * green - 0.071427 * blue;
  }
  return { y, u, v };
}

/** One 4:2:0 picture as RGB, chroma repeated; for thumbnails, never the hot path. */
export function toRgb(planes: {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  readonly strideY: number;
  readonly strideUv: number;
}): Rgb {
  const { width, height } = planes;
  const data = new Uint8Array(width * height * 3);
  const byte = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
  for (let row = 0, o = 0; row < height; row++) {
    for (let column = 0; column < width; column++, o += 3) {
      const luma = 1.164384 * (planes.y[row * planes.strideY + column]! - 16);
      const c = (row >> 1) * planes.strideUv + (column >> 1);
      const cb = planes.u[c]! - 128;
      const cr = planes.v[c]! - 128;
      data[o] = byte(luma + 1.596027 * cr);
      data[o + 1] = byte(luma - 0.391762 * cb - 0.812968 * cr);
      data[o + 2] = byte(luma + 2.017232 * cb);
    }
  }
  return { width, height, data };
}

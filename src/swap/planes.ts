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

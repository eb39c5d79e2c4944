import type { Rgb } from '../media/plane.ts';

/** A picture as 4:4:4 planes, BT.601 limited range, without padding. */
export interface Planes444 {
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/** Planes for so many pixels. */
export function allocPlanes444(pixels: number): Planes444 {
  return { y: new Uint8Array(pixels), u: new Uint8Array(pixels), v: new Uint8Array(pixels) };
}

/** RGB as 4:4:4 planes. */
export function toPlanes444({ data, width, height }: Rgb): Planes444 {
  const planes = allocPlanes444(width * height);
  fillPlanes444(data, planes);
  return planes;
}

/** The same into planes that are there. */
export function fillPlanes444(rgb: Uint8Array, { y, u, v }: Planes444): void {
  for (let i = 0, k = 0; i < y.length; i++, k += 3) {
    const red = rgb[k]!;
    const green = rgb[k + 1]!;
    const blue = rgb[k + 2]!;
    y[i] = 16.5 + 0.256788 * red + 0.504129 * green + 0.097906 * blue;
    u[i] = 128.5 - 0.148223 * red - 0.290993 * green + 0.439216 * blue;
    v[i] = 128.5 + 0.439216 * red - 0.367788 * green - 0.071427 * blue;
  }
}

/** The way back: planes as RGB, three bytes a pixel, in fixed point (src/media/colour.ts). */
export function fillRgb({ y, u, v }: Planes444, rgb: Uint8Array): void {
  for (let i = 0, k = 0; i < y.length; i++, k += 3) {
    const luma = 76309 * (y[i]! - 16) + 32768;
    const blueness = u[i]! - 128;
    const redness = v[i]! - 128;
    rgb[k] = clampByte((luma + 104597 * redness) >> 16);
    rgb[k + 1] = clampByte((luma - 25675 * blueness - 53279 * redness) >> 16);
    rgb[k + 2] = clampByte((luma + 132201 * blueness) >> 16);
  }
}

function clampByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

import type { I420 } from './plane.ts';

const LUMA = table(219, 16, 0);
const CHROMA = table(224, 128, 128);

/** Turns full-range samples (0–255, as some cameras and phones send) into the limited range of `I420`, in place. */
export function fullToLimited(picture: I420): void {
  const { width, height } = picture;
  map(picture.y, picture.strideY, width, height, LUMA);
  map(picture.u, picture.strideUv, (width + 1) >> 1, (height + 1) >> 1, CHROMA);
  map(picture.v, picture.strideUv, (width + 1) >> 1, (height + 1) >> 1, CHROMA);
}

/** `(value − centre) * range / 255 + offset` for every byte. */
function table(range: number, offset: number, centre: number): Uint8Array {
  const entries = new Uint8Array(256);
  for (let value = 0; value < 256; value++) entries[value] = Math.round(((value - centre) * range) / 255 + offset);
  return entries;
}

function map(plane: Uint8Array, stride: number, width: number, rows: number, through: Uint8Array): void {
  for (let row = 0; row < rows; row++) {
    const end = row * stride + width;
    for (let at = row * stride; at < end; at++) plane[at] = through[plane[at]!]!;
  }
}

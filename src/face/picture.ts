import { type CropRange, cropI420, cropRgb } from '../media/crop.ts';
import type { I420, Rgb, Square } from '../media/plane.ts';

/** What faces are looked for in: a frame of a call, or a photo. */
export type Picture = I420 | Rgb;

/** Samples a rotated square of either kind of picture. `out` is `size * size * 3` floats. */
export function cropPicture(picture: Picture, square: Square, size: number, out: Float32Array, range: CropRange): void {
  if ('data' in picture) cropRgb(picture, square, size, out, range);
  else cropI420(picture, square, size, out, range);
}

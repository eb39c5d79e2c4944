import { type CropRange, cropRgb, I420Cropper } from '../media/crop.ts';
import type { I420, Rgb, Square } from '../media/plane.ts';

/** What faces are looked for in: a frame of a call, or a photo. */
export type Picture = I420 | Rgb;

/** Samples rotated squares of either kind of picture. */
export class PictureCropper {
  readonly #i420 = new I420Cropper();

  /** @param out `size * size * 3` floats, RGB, rows first */
  crop(picture: Picture, square: Square, size: number, out: Float32Array, range: CropRange): void {
    if ('data' in picture) cropRgb(picture, square, size, out, range);
    else this.#i420.crop(picture, square, size, out, range);
  }
}

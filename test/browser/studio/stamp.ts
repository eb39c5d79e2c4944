import type { I420 } from '../../../src/media/plane.ts';
import { cached } from '../../media/cache.ts';
import { clipPictures, formOf, type ClipSettings } from '../../media/clip.ts';
import { writeY4m, type Y4mForm } from '../../media/y4m.ts';

/** A frame's number as white and black squares in the upper right corner, so that a returned frame can be told. */
export const STAMP_BITS = 10;
/** Side of a square, pixels: large enough to survive two codecs. */
export const STAMP_SQUARE = 16;

/** Writes `index` into the picture. */
export function stamp(picture: I420, index: number): void {
  const { width, y, u, v, strideY, strideUv } = picture;
  for (let bit = 0; bit < STAMP_BITS; bit++) {
    const luma = (index >> bit) & 1 ? 235 : 16;
    const left = width - (bit + 1) * STAMP_SQUARE;
    for (let row = 0; row < STAMP_SQUARE; row++) {
      y.fill(luma, row * strideY + left, row * strideY + left + STAMP_SQUARE);
      const chroma = (row >> 1) * strideUv + (left >> 1);
      u.fill(128, chroma, chroma + STAMP_SQUARE / 2);
      v.fill(128, chroma, chroma + STAMP_SQUARE / 2);
    }
  }
}

/** Reads the number back; `undefined` if a square is neither white nor black, as in a picture that is hidden whole. */
export function readStamp({ width, y, strideY }: I420): number | undefined {
  let index = 0;
  for (let bit = 0; bit < STAMP_BITS; bit++) {
    const luma = y[(STAMP_SQUARE / 2) * strideY + width - bit * STAMP_SQUARE - STAMP_SQUARE / 2] ?? 0;
    if (luma > 60 && luma < 180) return undefined;
    if (luma >= 180) index |= 1 << bit;
  }
  return index;
}

/** The clip with its frames numbered, as a camera for Chromium. */
export function stampedCamera(settings: ClipSettings): Promise<string> {
  return numbered(settings, formOf(settings));
}

/** The same at half of its pace, for half of the work: where it is not about rates or delays. */
export function slowCamera(settings: ClipSettings): Promise<string> {
  const form = formOf(settings);
  return numbered(settings, { ...form, frameRate: form.frameRate / 2 });
}

async function numbered(settings: ClipSettings, form: Y4mForm): Promise<string> {
  const name = `stamped-${settings.script}-${form.width}x${form.height}-${form.frameRate}.y4m`;
  return await cached(name, { ...settings, form }, async (path) =>
    writeY4m(path, form, stamped(await clipPictures(settings))),
  );
}

function* stamped(pictures: Iterable<I420>): Generator<I420> {
  let index = 0;
  for (const picture of pictures) {
    stamp(picture, index++);
    yield picture;
  }
}

import type { I420 } from '../../../media/plane.ts';
import type { CropBuffer } from '../../crop-buffer.ts';
import type { SwappedPixels } from '../crop-lane.ts';
import { Pairs, type PairsOfCrop } from './pairs.ts';
import { from, invert, type Similarity } from './similarity.ts';

/** Lays aligned crops of one size back where they were cut from. Keeps their pairs, so that no frame allocates any. */
export class Paster {
  readonly #size: number;
  readonly #pairs: PairsOfCrop;
  readonly #corners = new Float32Array(8);

  constructor(size: number) {
    this.#size = size;
    this.#pairs = { lumaAndMask: new Pairs(size, 'zero'), chroma: new Pairs(size, 'edge') };
  }

  /**
   * Fills `into`, laid around the crop's square and inside the picture, whose pixels it does not touch.
   * @param toPicture takes points of the crop to points of the picture
   * @returns false if the part of the face inside the picture is too small to swap
   */
  paste(picture: I420, toPicture: Similarity, { rgb, mask }: SwappedPixels, into: CropBuffer): boolean {
    placeCorners(toPicture, this.#size, this.#corners);
    if (!into.layAround(picture, this.#corners)) return false;
    const { lumaAndMask, chroma } = this.#pairs;
    Pairs.fill(rgb, mask, this.#pairs);
    const toCrop = invert(toPicture);
    const { width, height, luma, lumaMask } = into;
    lumaAndMask.lay(from(toCrop, into.x, into.y, 1), { first: luma, second: lumaMask, width, height });
    const half = { width: width / 2, height: height / 2 };
    chroma.lay(from(toCrop, into.x, into.y, 2), { first: into.u, second: into.v, ...half });
    halve(lumaMask, into.chromaMask, half);
    return true;
  }
}

/** A mask at half its resolution: the mean of four. */
function halve(
  mask: Uint8Array,
  into: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  for (let row = 0, to = 0; row < height; row++) {
    let at = row * 4 * width;
    for (const end = to + width; to < end; to++, at += 2) {
      into[to] = (mask[at]! + mask[at + 1]! + mask[at + 2 * width]! + mask[at + 2 * width + 1]! + 2) >> 2;
    }
  }
}

/** Writes where the corners of a crop lie in the picture, 4 × (x, y). */
function placeCorners({ a, b, tx, ty }: Similarity, size: number, corners: Float32Array): void {
  for (let i = 0; i < 4; i++) {
    const x = i & 1 ? size : 0;
    const y = i & 2 ? size : 0;
    corners[i * 2] = a * x - b * y + tx;
    corners[i * 2 + 1] = b * x + a * y + ty;
  }
}

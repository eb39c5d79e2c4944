import type { I420 } from '../../../media/plane.ts';
import type { CropBuffer } from '../../crop-buffer.ts';
import { allocPlanes444, fillPlanes444, type Planes444 } from '../../planes.ts';
import type { SwappedPixels } from '../crop-lane.ts';
import { sample, type SampleOptions } from './sample.ts';
import { from, invert, type Similarity } from './similarity.ts';

/** Lays aligned crops of one size back where they were cut from. Keeps its planes, so that no frame allocates any. */
export class Paster {
  readonly #size: number;
  readonly #planes: Planes444;
  readonly #corners = new Float32Array(8);

  constructor(size: number) {
    this.#size = size;
    this.#planes = allocPlanes444(size * size);
  }

  /**
   * Fills `into`, laid around the crop's square and inside the picture, whose pixels it does not touch.
   * @param toPicture takes points of the crop to points of the picture
   * @returns false if the part of the face inside the picture is too small to swap
   */
  paste(picture: I420, toPicture: Similarity, { rgb, mask }: SwappedPixels, into: CropBuffer): boolean {
    const size = this.#size;
    placeCorners(toPicture, size, this.#corners);
    if (!into.layAround(picture, this.#corners)) return false;
    fillPlanes444(rgb, this.#planes);
    const toCrop = invert(toPicture);
    const { x, y, width, height } = into;
    const lay = (bytes: Uint8Array, unit: 1 | 2, target: Uint8Array, options: SampleOptions): void =>
      sample(
        { bytes, width: size, height: size, stride: size },
        from(toCrop, x, y, unit),
        { bytes: target, width: width / unit, height: height / unit },
        options,
      );
    const { lumaMask, chromaMask } = into;
    lay(mask, 1, lumaMask, { beyond: 'zero' });
    lay(this.#planes.y, 1, into.luma, { where: lumaMask });
    lay(mask, 2, chromaMask, { beyond: 'zero' });
    lay(this.#planes.u, 2, into.u, { where: chromaMask });
    lay(this.#planes.v, 2, into.v, { where: chromaMask });
    return true;
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

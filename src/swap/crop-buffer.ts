import type { I420 } from '../media/plane.ts';
import type { SwappedCrop } from './swap.ts';

/** Smallest crop that is worth a swap, pixels each way. */
const SMALLEST = 16;

/** A crop's planes, grown when a larger face comes and reused from frame to frame. */
export class CropBuffer implements SwappedCrop {
  x = 0;
  y = 0;
  width = 0;
  height = 0;
  luma = new Uint8Array(0);
  lumaMask = new Uint8Array(0);
  u = new Uint8Array(0);
  v = new Uint8Array(0);
  chromaMask = new Uint8Array(0);

  /**
   * Lays the crop around these points, inside the picture; with an odd picture it may reach one pixel beyond its right or
   * lower edge, which is never read. Clears the masks.
   * @param coordinates x, y and whatever more, for each point
   * @param options `step` numbers for a point, default 2; only the first `count` points, default all
   * @returns false if the part of the face inside the picture is too small to swap
   */
  layAround(
    picture: I420,
    coordinates: Float32Array,
    { step = 2, count = coordinates.length / step }: { readonly step?: number; readonly count?: number } = {},
  ): boolean {
    let left = Infinity;
    let top = Infinity;
    let right = -Infinity;
    let bottom = -Infinity;
    for (let i = 0; i < count * step; i += step) {
      const x = coordinates[i]!;
      const y = coordinates[i + 1]!;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    this.x = Math.max(0, Math.floor(left)) & ~1;
    this.y = Math.max(0, Math.floor(top)) & ~1;
    this.width = (Math.min(picture.width, Math.ceil(right)) - this.x + 1) & ~1;
    this.height = (Math.min(picture.height, Math.ceil(bottom)) - this.y + 1) & ~1;
    // Written so that landmarks which are not numbers are refused too.
    if (!(this.width >= SMALLEST && this.height >= SMALLEST)) return false;
    this.#fit(this.width * this.height);
    return true;
  }

  #fit(pixels: number): void {
    if (pixels > this.luma.length) {
      // A quarter more than needed: a face that comes closer does not reallocate every frame.
      const capacity = Math.ceil((pixels * 1.25) / 4) * 4;
      this.luma = new Uint8Array(capacity);
      this.lumaMask = new Uint8Array(capacity);
      this.u = new Uint8Array(capacity / 4);
      this.v = new Uint8Array(capacity / 4);
      this.chromaMask = new Uint8Array(capacity / 4);
      return;
    }
    this.lumaMask.fill(0, 0, pixels);
    this.chromaMask.fill(0, 0, pixels / 4);
  }
}

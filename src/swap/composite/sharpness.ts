import type { I420 } from '../../media/plane.ts';
import type { SwappedCrop } from '../swap.ts';

/** Mask value from which a sample counts as the new face's own. */
const INSIDE = 250;
/** Fewest samples that say something about a face. */
const ENOUGH = 48;
/** Most that a new face is sharpened and softened by, as shares of its Laplacian: at −0.125 a chequerboard is gone. */
const STRONGEST = 0.5;
const SOFTEST = -0.12;

/** Rows as they were, of the picture that is being sharpened. */
let above = new Uint8Array(2048);
let current = new Uint8Array(2048);

/**
 * Brings the detail of a new face to that of the picture which it goes into: one that was drawn small is sharpened, one that is finer than the
 * camera is softened. Call it before anything in the picture is hidden or blended.
 * @param amount 0..1
 */
export function matchSharpness(picture: I420, crop: SwappedCrop, amount: number): void {
  const share = measure(picture, crop);
  const filter = Math.round(4096 * amount * Math.max(SOFTEST, Math.min(STRONGEST, share)));
  if (filter !== 0) apply(crop, filter);
}

/** How much of its Laplacian the face lacks, a share of it; negative where it has too much. */
function measure(picture: I420, { x: left, y: top, width, height, luma, lumaMask }: SwappedCrop): number {
  const right = Math.min(width, picture.width - left) - 1;
  const bottom = Math.min(height, picture.height - top) - 1;
  const { y: plane, strideY } = picture;
  let [own, wanted, count] = [0, 0, 0];
  for (let y = 1; y < bottom; y += 2) {
    let at = y * width + 1;
    let from = (y + top) * strideY + left + 1;
    for (let x = 1; x < right; x += 2, at += 2, from += 2) {
      if (lumaMask[at]! < INSIDE || from - strideY < 0) continue;
      const mine = 4 * luma[at]! - luma[at - 1]! - luma[at + 1]! - luma[at - width]! - luma[at + width]!;
      const theirs =
        4 * plane[from]! - plane[from - 1]! - plane[from + 1]! - plane[from - strideY]! - plane[from + strideY]!;
      own += mine < 0 ? -mine : mine;
      wanted += theirs < 0 ? -theirs : theirs;
      count++;
    }
  }
  // A face without any detail of its own has none that could be brought out.
  if (count < ENOUGH || own < count / 2) return 0;
  // Detail of a picture has about half the Laplacian's largest gain, 8.
  return (wanted / own - 1) / 4;
}

/** Adds a share of the Laplacian to the luma, in place; `filter` is 4096 for all of it. */
function apply({ width, height, luma, lumaMask }: SwappedCrop, filter: number): void {
  if (above.length < width) [above, current] = [new Uint8Array(width + 64), new Uint8Array(width + 64)];
  above.set(luma.subarray(0, width));
  for (let y = 1; y < height - 1; y++) {
    const row = y * width;
    current.set(luma.subarray(row, row + width));
    for (let x = 1; x < width - 1; x++) {
      const at = row + x;
      if (lumaMask[at] === 0) continue;
      const value = current[x]!;
      const edge = 4 * value - current[x - 1]! - current[x + 1]! - above[x]! - luma[at + width]!;
      const sharp = value + ((Math.imul(edge, filter) + 2048) >> 12);
      luma[at] = sharp < 16 ? 16 : sharp > 235 ? 235 : sharp;
    }
    [above, current] = [current, above];
  }
}

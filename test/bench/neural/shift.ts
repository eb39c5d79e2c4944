import type { I420 } from '../../../src/media/plane.ts';

/** The new face's share from which a sample counts: all of it, so that the picture beneath does not hold it in place. */
const CORE = 0.998;

/**
 * By how much what a picture shows lies beside what another shows there, pixels: the one move of all of it that explains most of the
 * difference between their lumas, least squares by the gradients of both (Lucas and Kanade 1981). Blur in one of them does not matter.
 * @param share of each sample of luma, 0 to 1: only where it is all is looked
 */
export function shiftBetween(before: I420, after: I420, share: ArrayLike<number>): number {
  const { width, height, strideY } = before;
  let [xx, xy, yy, xt, yt] = [0, 0, 0, 0, 0];
  const both = (at: number): number => (before.y[at]! + after.y[at]!) / 2;
  for (let row = 1; row < height - 1; row++) {
    for (let column = 1; column < width - 1; column++) {
      const at = row * strideY + column;
      if (share[at]! < CORE) continue;
      const across = (both(at + 1) - both(at - 1)) / 2;
      const down = (both(at + strideY) - both(at - strideY)) / 2;
      const change = after.y[at]! - before.y[at]!;
      xx += across * across;
      xy += across * down;
      yy += down * down;
      xt += across * change;
      yt += down * change;
    }
  }
  const determinant = xx * yy - xy * xy;
  return Math.hypot(xy * yt - yy * xt, xy * xt - xx * yt) / determinant;
}

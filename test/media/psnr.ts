import type { Box, I420 } from '../../src/media/plane.ts';

/** Peak signal to noise ratio of the lumas, dB; of the whole pictures, or inside `within`, or outside all of `without`. */
export function psnr(a: I420, b: I420, area: { within?: Box; without?: readonly Box[] } = {}): number {
  const { within, without = [] } = area;
  const left = Math.max(0, Math.floor(within?.x ?? 0));
  const top = Math.max(0, Math.floor(within?.y ?? 0));
  const right = Math.min(a.width, Math.ceil(within ? within.x + within.width : a.width));
  const bottom = Math.min(a.height, Math.ceil(within ? within.y + within.height : a.height));
  let [sum, count] = [0, 0];
  for (let row = top; row < bottom; row++) {
    const holes = without.filter((box) => row >= box.y && row < box.y + box.height);
    for (let column = left; column < right; column++) {
      if (holes.some((box) => column >= box.x && column < box.x + box.width)) continue;
      const difference = a.y[row * a.strideY + column]! - b.y[row * b.strideY + column]!;
      sum += difference * difference;
      count++;
    }
  }
  if (count === 0) return NaN;
  return sum === 0 ? 99 : 10 * Math.log10((255 * 255 * count) / sum);
}

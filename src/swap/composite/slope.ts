import type { I420 } from '../../media/plane.ts';
import type { SwappedCrop } from '../swap.ts';
import { GRID } from './grid.ts';

/** How much of a slope of light is taken over: across fully, down less, since a beard darkens a face as a lamp above does. */
const ACROSS = 0.9;
const DOWN = 0.45;
/** Steepest change of light, as a share of the mean. */
const STEEPEST = 0.4;

/**
 * From which side the caller is lit: a plane through the caller's luma, as a share of its mean. The caller's features do
 * not shape it, so nothing of them shows on a painted mask.
 * @param grid GRID × GRID, written: luma steps to add to the mask's mean luma
 */
export function measureSlope(
  picture: I420,
  crop: SwappedCrop,
  means: { readonly picture: number; readonly crop: number },
  grid: Float32Array,
): void {
  const width = Math.min(crop.width, picture.width - crop.x);
  const height = Math.min(crop.height, picture.height - crop.y);
  let n = 0;
  let sx = 0;
  let sy = 0;
  let sxx = 0;
  let syy = 0;
  let st = 0;
  let sxt = 0;
  let syt = 0;
  for (let y = 0; y < height; y += 4) {
    const from = (y + crop.y) * picture.strideY + crop.x;
    const v = y / crop.height - 0.5;
    for (let x = 0; x < width; x += 4) {
      if (crop.lumaMask[y * crop.width + x]! < 128) continue;
      const u = x / crop.width - 0.5;
      const t = picture.y[from + x]!;
      n++;
      sx += u;
      sy += v;
      sxx += u * u;
      syy += v * v;
      st += t;
      sxt += u * t;
      syt += v * t;
    }
  }
  // The two directions are fitted one by one: over a face, which is nearly symmetric, they hardly depend on each other.
  const share = (s: number, ss: number, sp: number, part: number): number =>
    n < 16 ? 0 : (((sp - (s * st) / n) / Math.max(1e-6, ss - (s * s) / n)) * part) / Math.max(16, means.picture);
  const across = share(sx, sxx, sxt, ACROSS);
  const down = share(sy, syy, syt, DOWN);
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      const change = across * ((x + 0.5) / GRID - 0.5) + down * ((y + 0.5) / GRID - 0.5);
      grid[y * GRID + x] = means.crop * Math.max(-STEEPEST, Math.min(STEEPEST, change));
    }
  }
}

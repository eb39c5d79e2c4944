import type { I420 } from '../../media/plane.ts';
import type { SwappedCrop } from '../swap.ts';

/** Cells each way in which light is compared: about a cheek or half a forehead each. */
export const GRID = 8;
/** How much of the difference in light is taken over; the rest is the identity's own features. */
const FOLLOW = 0.4;
/** Largest difference of one pixel that counts, luma steps: a black frame of glasses is not a shadow. */
const LARGEST = 36;

/** Samples along a side that say enough about the light of a face, however large it is. */
const SAMPLES = 80;

/** From one pixel of a crop that is looked at to the next, for its light. */
export function sampleStep({ width, height }: SwappedCrop): number {
  return Math.max(2, Math.floor(Math.sqrt(width * height) / SAMPLES));
}

const weights = new Float32Array(GRID * GRID);
const sums = new Float32Array(GRID * GRID);

/**
 * Low-frequency difference between the picture and the crop, cell by cell, in luma steps.
 * @param base luma of the crop after the global match, by value, in 1/16 steps
 * @param grid GRID × GRID, written
 */
export function measureGrid(picture: I420, crop: SwappedCrop, base: Int16Array, grid: Float32Array): void {
  const width = Math.min(crop.width, picture.width - crop.x);
  const height = Math.min(crop.height, picture.height - crop.y);
  const { luma, lumaMask } = crop;
  const toCellX = GRID / crop.width;
  const toCellY = GRID / crop.height;
  const step = sampleStep(crop);
  weights.fill(0);
  sums.fill(0);
  for (let y = 0; y < height; y += step) {
    const row = ((y * toCellY) | 0) * GRID;
    let at = y * crop.width;
    let from = (y + crop.y) * picture.strideY + crop.x;
    for (let x = 0; x < width; x += step, at += step, from += step) {
      const mask = lumaMask[at]!;
      if (mask === 0) continue;
      let difference = picture.y[from]! - base[luma[at]!]! / 16;
      if (difference > LARGEST) difference = LARGEST;
      else if (difference < -LARGEST) difference = -LARGEST;
      const cell = row + ((x * toCellX) | 0);
      weights[cell] = weights[cell]! + mask;
      sums[cell] = sums[cell]! + difference * mask;
    }
  }
  smoothCells(grid);
}

/** Mixes each cell with its neighbours (1-2-1 each way); cells without a sample take theirs. */
function smoothCells(grid: Float32Array): void {
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      let weight = 1e-3;
      let sum = 0;
      for (let j = Math.max(0, y - 1); j <= Math.min(GRID - 1, y + 1); j++) {
        for (let i = Math.max(0, x - 1); i <= Math.min(GRID - 1, x + 1); i++) {
          const share = (i === x ? 2 : 1) * (j === y ? 2 : 1);
          weight += weights[j * GRID + i]! * share;
          sum += sums[j * GRID + i]! * share;
        }
      }
      grid[y * GRID + x] = (sum / weight) * FOLLOW;
    }
  }
}

import type { I420 } from '../../media/plane.ts';
import type { SwappedCrop } from '../swap.ts';
import { GRID } from './grid.ts';
import type { Light } from './light.ts';

/** Luma corrections of one row of cells, and of one row of pixels, 1/16 steps with 8 fraction bits. */
const cells = new Float32Array(GRID);
/** For each value of luma, its new one in the upper half, how much of a correction it takes in the lower one. */
const entries = new Int32Array(256);
let line = new Int32Array(2048);

/**
 * Puts a crop into the picture, in place. Writes only where the crop's mask is not zero: every other pixel keeps its
 * bits.
 * @param strength 0–1: how much of the crop is shown over what the picture holds now (see `swapStrength`)
 */
export function blendCrop(picture: I420, crop: SwappedCrop, light: Light, strength: number): void {
  const whole = Math.round(Math.max(0, Math.min(1, strength)) * 256);
  if (!(whole > 0)) return;
  blendLuma(picture, crop, light, whole);
  blendChroma(picture, crop, light, whole);
}

function blendLuma(picture: I420, crop: SwappedCrop, light: Light, whole: number): void {
  const width = Math.min(crop.width, picture.width - crop.x);
  const height = Math.min(crop.height, picture.height - crop.y);
  const { luma, lumaMask } = crop;
  const plane = picture.y;
  for (let i = 0; i < 256; i++) entries[i] = (light.luma[i]! << 16) | light.take[i]!;
  if (line.length < width) line = new Int32Array(width + 64);
  const correction = line;
  for (let y = 0; y < height; y++) {
    correctRow(light.grid, crop, y, width, correction);
    let at = y * crop.width;
    let to = (y + crop.y) * picture.strideY + crop.x;
    for (let x = 0; x < width; x++, at++, to++) {
      const mask = lumaMask[at]!;
      if (mask === 0) continue;
      const entry = entries[luma[at]!]!;
      // 1/16 steps, held within 16–235; the mask's 255 steps count as 256 by adding its top bit, so that 255 replaces wholly.
      let lit = (entry >> 16) + (Math.imul(correction[x]!, entry & 0xffff) >> 16);
      if (lit < 256) lit = 256;
      else if (lit > 3760) lit = 3760;
      const share = Math.imul(mask + (mask >> 7), whole);
      if (share === 65536) plane[to] = (lit + 8) >> 4;
      else {
        const old = plane[to]! << 4;
        plane[to] = ((old << 16) + Math.imul(lit - old, share) + 524288) >> 20;
      }
    }
  }
}

/** Bilinear interpolation of the grid along one row of pixels. */
function correctRow(grid: Float32Array, crop: SwappedCrop, y: number, width: number, into: Int32Array): void {
  const down = Math.max(0, Math.min(GRID - 1, ((y + 0.5) * GRID) / crop.height - 0.5));
  const upper = Math.min(GRID - 2, down | 0);
  const part = down - upper;
  for (let i = 0; i < GRID; i++) {
    const above = grid[upper * GRID + i]!;
    cells[i] = (above + (grid[(upper + 1) * GRID + i]! - above) * part) * 4096;
  }
  // Piecewise linear between the centres of the cells, and level beyond the outermost.
  const cell = crop.width / GRID;
  let x = 0;
  for (let i = 0; i <= GRID; i++) {
    const left = cells[Math.max(0, i - 1)]!;
    const slope = (cells[Math.min(GRID - 1, i)]! - left) / cell;
    const start = (i - 0.5) * cell;
    const end = i === GRID ? width : Math.min(width, Math.ceil(start + cell));
    for (; x < end; x++) into[x] = left + slope * (x - start);
  }
}

function blendChroma(picture: I420, crop: SwappedCrop, light: Light, whole: number): void {
  const cropWidth = crop.width >> 1;
  const width = Math.min(cropWidth, (picture.width + 1 - crop.x) >> 1);
  const height = Math.min(crop.height >> 1, (picture.height + 1 - crop.y) >> 1);
  for (let y = 0; y < height; y++) {
    let at = y * cropWidth;
    let to = (y + (crop.y >> 1)) * picture.strideUv + (crop.x >> 1);
    for (let x = 0; x < width; x++, at++, to++) {
      const mask = crop.chromaMask[at]!;
      if (mask === 0) continue;
      const share = Math.imul(mask + (mask >> 7), whole);
      const u = picture.u[to]!;
      const v = picture.v[to]!;
      picture.u[to] = ((u << 16) + Math.imul(light.u[crop.u[at]!]! - u, share) + 32768) >> 16;
      picture.v[to] = ((v << 16) + Math.imul(light.v[crop.v[at]!]! - v, share) + 32768) >> 16;
    }
  }
}

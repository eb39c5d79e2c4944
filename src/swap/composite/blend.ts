import type { I420 } from '../../media/plane.ts';
import type { SwappedCrop } from '../swap.ts';
import { GRID } from './grid.ts';
import type { Light } from './light.ts';

/** Luma corrections of one row of cells, and of one row of pixels, 1/16 steps with 8 fraction bits. */
const cells = new Float32Array(GRID);
let line = new Int32Array(0);

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
  const table = light.luma;
  const { take } = light;
  if (line.length < width) line = new Int32Array(width + 64);
  for (let y = 0; y < height; y++) {
    correctRow(light.grid, crop, y, width);
    let at = y * crop.width;
    let to = (y + crop.y) * picture.strideY + crop.x;
    for (let x = 0; x < width; x++, at++, to++) {
      const mask = lumaMask[at]!;
      if (mask === 0) continue;
      const value = luma[at]!;
      const old = plane[to]!;
      // 1/16 steps; the mask's 255 steps count as 256 by adding its top bit, so that 255 replaces wholly.
      const lit = table[value]! + ((line[x]! * take[value]!) >> 16);
      const share = (mask + (mask >> 7)) * whole;
      const mixed = ((old << 4) * 65536 + (lit - (old << 4)) * share + 524288) >> 20;
      plane[to] = mixed < 16 ? 16 : mixed > 235 ? 235 : mixed;
    }
  }
}

/** Bilinear interpolation of the grid along one row of pixels, into `line`. */
function correctRow(grid: Float32Array, crop: SwappedCrop, y: number, width: number): void {
  const down = Math.max(0, Math.min(GRID - 1, ((y + 0.5) * GRID) / crop.height - 0.5));
  const upper = Math.min(GRID - 2, down | 0);
  const part = down - upper;
  for (let i = 0; i < GRID; i++) {
    const above = grid[upper * GRID + i]!;
    cells[i] = (above + (grid[(upper + 1) * GRID + i]! - above) * part) * 4096;
  }
  const step = GRID / crop.width;
  let cell = 0.5 * step - 0.5;
  for (let x = 0; x < width; x++, cell += step) {
    const held = cell < 0 ? 0 : cell > GRID - 1 ? GRID - 1 : cell;
    let left = held | 0;
    if (left > GRID - 2) left = GRID - 2;
    line[x] = cells[left]! + (cells[left + 1]! - cells[left]!) * (held - left);
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
      const share = (mask + (mask >> 7)) * whole;
      const u = picture.u[to]!;
      const v = picture.v[to]!;
      picture.u[to] = (u * 65536 + (light.u[crop.u[at]!]! - u) * share + 32768) >> 16;
      picture.v[to] = (v * 65536 + (light.v[crop.v[at]!]! - v) * share + 32768) >> 16;
    }
  }
}

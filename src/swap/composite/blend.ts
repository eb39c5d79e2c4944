import type { I420 } from '../../media/plane.ts';
import type { SwappedCrop } from '../swap.ts';
import { GRID } from './grid.ts';
import type { Light } from './light.ts';

/** Levels of correction for each luma step, and the most of them: with all, steps of a mask lit hard from one side are still finer than one. */
const LEVELS_PER_STEP = 2;
const MOST_LEVELS = 128;

/** Rows of pixels that are corrected alike: from one to the next light changes by less than a level. */
const ROWS = 4;

/** Luma corrections of one row of cells. */
const cells = new Float32Array(GRID);
/** The new value of each value of luma at each level of correction: [level, 256]. */
const lit = new Uint8Array(MOST_LEVELS * 256);
/** Where in `lit` the level of each pixel of a row begins. */
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
  const levels = layLevels(light);
  if (line.length < width) line = new Int32Array(width + 64);
  const level = line;
  for (let y = 0; y < height; y++) {
    if (y % ROWS === 0) levelRows(light.grid, levels, { crop, y, width }, level);
    let at = y * crop.width;
    let to = (y + crop.y) * picture.strideY + crop.x;
    for (let x = 0; x < width; x++, at++, to++) {
      const mask = lumaMask[at]!;
      if (mask === 0) continue;
      const face = lit[level[x]! | luma[at]!]!;
      // The mask's 255 steps count as 256 by adding its top bit, so that 255 replaces wholly.
      const share = Math.imul(mask + (mask >> 7), whole);
      if (share === 65536) plane[to] = face;
      else {
        const old = plane[to]!;
        plane[to] = ((old << 16) + Math.imul(face - old, share) + 32768) >> 16;
      }
    }
  }
}

/** Levels of correction: the lowest, luma steps, and how many lie in one. */
interface Levels {
  readonly lowest: number;
  readonly perStep: number;
}

/** Fills `lit` for all corrections that the grid has, so that a pixel is one look-up: held within 16–235. */
function layLevels({ grid, luma, take }: Light): Levels {
  const lowest = Math.min(...grid);
  const range = Math.max(...grid) - lowest;
  const perStep = Math.min(LEVELS_PER_STEP, (MOST_LEVELS - 1) / Math.max(1e-6, range));
  const last = Math.round(range * perStep);
  for (let level = 0, at = 0; level <= last; level++) {
    const correction = (lowest + level / perStep) / 256;
    for (let value = 0; value < 256; value++, at++) {
      const corrected = luma[value]! / 16 + correction * take[value]!;
      lit[at] = corrected < 16 ? 16 : corrected > 235 ? 235 : corrected + 0.5;
    }
  }
  return { lowest, perStep };
}

/** Bilinear interpolation of the grid along the middle of `ROWS` rows of pixels. */
function levelRows(
  grid: Float32Array,
  { lowest, perStep }: Levels,
  { crop, y, width }: { readonly crop: SwappedCrop; readonly y: number; readonly width: number },
  into: Int32Array,
): void {
  const down = Math.max(0, Math.min(GRID - 1, ((y + ROWS / 2) * GRID) / crop.height - 0.5));
  const upper = Math.min(GRID - 2, down | 0);
  const part = down - upper;
  for (let i = 0; i < GRID; i++) {
    const above = grid[upper * GRID + i]!;
    cells[i] = (above + (grid[(upper + 1) * GRID + i]! - above) * part - lowest) * perStep + 0.5;
  }
  // Piecewise linear between the centres of the cells, and level beyond the outermost.
  const cell = crop.width / GRID;
  let x = 0;
  for (let i = 0; i <= GRID; i++) {
    const left = cells[Math.max(0, i - 1)]!;
    const slope = (cells[Math.min(GRID - 1, i)]! - left) / cell;
    const start = (i - 0.5) * cell;
    const end = i === GRID ? width : Math.min(width, Math.ceil(start + cell));
    const step = Math.round(slope * 65536);
    for (let at = Math.round((left + slope * (x - start)) * 65536); x < end; x++, at += step) into[x] = (at >> 16) << 8;
  }
}

function blendChroma(picture: I420, crop: SwappedCrop, light: Light, whole: number): void {
  const cropWidth = crop.width >> 1;
  const width = Math.min(cropWidth, (picture.width + 1 - crop.x) >> 1);
  const height = Math.min(crop.height >> 1, (picture.height + 1 - crop.y) >> 1);
  const { u: faceU, v: faceV, chromaMask } = crop;
  const { u: planeU, v: planeV } = picture;
  const { u: litU, v: litV } = light;
  for (let y = 0; y < height; y++) {
    let at = y * cropWidth;
    let to = (y + (crop.y >> 1)) * picture.strideUv + (crop.x >> 1);
    for (const end = at + width; at < end; at++, to++) {
      const mask = chromaMask[at]!;
      if (mask === 0) continue;
      const share = Math.imul(mask + (mask >> 7), whole);
      const newU = litU[faceU[at]!]!;
      const newV = litV[faceV[at]!]!;
      if (share === 65536) {
        planeU[to] = newU;
        planeV[to] = newV;
      } else {
        const oldU = planeU[to]!;
        const oldV = planeV[to]!;
        planeU[to] = ((oldU << 16) + Math.imul(newU - oldU, share) + 32768) >> 16;
        planeV[to] = ((oldV << 16) + Math.imul(newV - oldV, share) + 32768) >> 16;
      }
    }
  }
}

import type { I420 } from '../../media/plane.ts';
import type { PreparedIdentity, SwappedCrop } from '../swap.ts';
import { GRID, measureGrid, sampleStep } from './grid.ts';
import { measureSlope } from './slope.ts';
import { Spread } from './spread.ts';

/**
 * `skin`: the new face takes the caller's skin tone and light, `histogram` the same by all of their distribution. `light`: it keeps its colours and takes only how bright
 * the scene is and from which side it is lit; for painted masks, whose gold should stay gold.
 */
export type ColourMatch = 'skin' | 'histogram' | 'light' | 'off';

/**
 * How a session wants the colours of a photo's face. `spread`: mean and deviation of each plane, as Reinhard et al. (2001) do it in a space
 * of opponent colours; Y, Cb and Cr are one, linear in the picture's own RGB, and what the picture is made of, so that nothing is rounded on the way.
 * `histogram`: the whole distribution of each plane. `off`: as it was drawn.
 */
export type Colours = 'spread' | 'histogram' | 'off';

/** How an identity of this kind is matched: a painted mask, whose gold stays gold, only by its light. */
export function matchOf(kind: PreparedIdentity['kind'], colours: Colours): ColourMatch {
  if (kind === 'mask') return colours === 'off' ? 'off' : 'light';
  return colours === 'spread' ? 'skin' : colours;
}

/** Mask value from which a pixel counts as the new face's own: not the rim, where hair and background mix in. */
const INSIDE = 250;
/** Fewest samples that say something about a face. */
const ENOUGH = 48;
/** Contrast is matched within these bounds: beyond them noise and hair are taken for contrast. */
const LUMA_GAIN = { low: 0.75, high: 1.25 } as const;
/** How far a distribution may lead away from its mean and deviation, in deviations. */
const FREEDOM = 0.5;
const CHROMA_GAIN = { low: 0.6, high: 1.5 } as const;
/** Mean luma of a well exposed face: a mask is then shown as it was painted. */
const WELL_EXPOSED = 125;

/** How a crop must be changed to look lit like the picture it goes into. Reused from frame to frame. */
export interface Light {
  /** New value for every value of the crop; luma in 1/16 steps, chroma plain. */
  readonly luma: Int16Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** Luma steps to add, GRID × GRID cells over the crop, and how much of that a luma value takes (256 = all). */
  readonly grid: Float32Array;
  readonly take: Int16Array;
}

/** Without change, until it has been measured. */
export function createLight(): Light {
  return {
    luma: Int16Array.from({ length: 256 }, (_, i) => i * 16),
    u: Uint8Array.from({ length: 256 }, (_, i) => i),
    v: Uint8Array.from({ length: 256 }, (_, i) => i),
    grid: new Float32Array(GRID * GRID),
    take: new Int16Array(256).fill(256),
  };
}

const spreads = {
  pictureY: new Spread(),
  pictureU: new Spread(),
  pictureV: new Spread(),
  cropY: new Spread(),
  cropU: new Spread(),
  cropV: new Spread(),
};

/**
 * Compares a crop with the caller's own pixels beneath it. Call it before anything in the picture is hidden or blended.
 * @returns false, and leaves `light` as it was, where too little of the face is inside the picture
 */
export function measureLight(picture: I420, crop: SwappedCrop, match: ColourMatch, light: Light): boolean {
  if (match === 'off') return leaveAsDrawn(light);
  gatherLuma(picture, crop);
  gatherChroma(picture, crop);
  const { pictureY, pictureU, pictureV, cropY, cropU, cropV } = spreads;
  if (cropY.count < ENOUGH || cropU.count < ENOUGH / 4) return false;
  for (const spread of Object.values(spreads)) spread.settle();
  if (match === 'skin' || match === 'histogram') {
    matchLuma(pictureY, cropY, light);
    matchChroma(pictureU, cropU, light.u);
    matchChroma(pictureV, cropV, light.v);
    if (match === 'histogram') {
      matchDistribution(pictureY, cropY, light.luma, 16);
      matchDistribution(pictureU, cropU, light.u, 1);
      matchDistribution(pictureV, cropV, light.v, 1);
    }
    measureGrid(picture, crop, light.luma, light.grid);
  } else {
    const exposure = clamp((pictureY.mean / WELL_EXPOSED) ** 0.6, 0.5, 1);
    const mean = cropY.mean * exposure;
    for (let i = 0; i < 256; i++) {
      light.luma[i] = (16 + (i - 16) * exposure) * 16;
      // Light multiplies: what is black on the mask stays black on its bright side.
      light.take[i] = clamp(((i - 16) * exposure) / Math.max(16, mean - 16), 0, 2) * 256;
      light.u[i] = i;
      light.v[i] = i;
    }
    measureSlope(picture, crop, { picture: pictureY.mean, crop: mean }, light.grid);
  }
  return true;
}

/** Takes back what was measured. */
function leaveAsDrawn({ luma, u, v, grid, take }: Light): boolean {
  for (let i = 0; i < 256; i++) {
    luma[i] = i * 16;
    u[i] = i;
    v[i] = i;
  }
  grid.fill(0);
  take.fill(256);
  return true;
}

function gatherLuma(picture: I420, crop: SwappedCrop): void {
  const { pictureY, cropY } = spreads;
  const width = Math.min(crop.width, picture.width - crop.x);
  const height = Math.min(crop.height, picture.height - crop.y);
  const { luma, lumaMask } = crop;
  pictureY.clear();
  cropY.clear();
  const step = sampleStep(crop);
  for (let y = 0; y < height; y += step) {
    let at = y * crop.width;
    let from = (y + crop.y) * picture.strideY + crop.x;
    for (let x = 0; x < width; x += step, at += step, from += step) {
      if (lumaMask[at]! < INSIDE) continue;
      cropY.add(luma[at]!);
      pictureY.add(picture.y[from]!);
    }
  }
}

function gatherChroma(picture: I420, crop: SwappedCrop): void {
  const { pictureU, pictureV, cropU, cropV } = spreads;
  const cropWidth = crop.width >> 1;
  const width = Math.min(cropWidth, (picture.width + 1 - crop.x) >> 1);
  const height = Math.min(crop.height >> 1, (picture.height + 1 - crop.y) >> 1);
  for (const spread of [pictureU, pictureV, cropU, cropV]) spread.clear();
  const across = sampleStep(crop) >> 1;
  const down = Math.max(2, across);
  for (let y = 0; y < height; y += down) {
    let at = y * cropWidth;
    let from = (y + (crop.y >> 1)) * picture.strideUv + (crop.x >> 1);
    for (let x = 0; x < width; x += across, at += across, from += across) {
      if (crop.chromaMask[at]! < INSIDE) continue;
      cropU.add(crop.u[at]!);
      cropV.add(crop.v[at]!);
      pictureU.add(picture.u[from]!);
      pictureV.add(picture.v[from]!);
    }
  }
}

function matchLuma(picture: Spread, crop: Spread, light: Light): void {
  const gain = clamp(picture.deviation / Math.max(1, crop.deviation), LUMA_GAIN.low, LUMA_GAIN.high);
  for (let i = 0; i < 256; i++) {
    const value = picture.mean + (i - crop.mean) * gain;
    light.luma[i] = clamp(value, 0, 255) * 16;
    // Between adding and multiplying: shadow weighs more on bright skin than in nostrils.
    light.take[i] = clamp(0.35 + (0.65 * value) / Math.max(16, picture.mean), 0.3, 1.3) * 256;
  }
}

function matchChroma(picture: Spread, crop: Spread, table: Uint8Array): void {
  const gain = clamp(picture.deviation / Math.max(0.5, crop.deviation), CHROMA_GAIN.low, CHROMA_GAIN.high);
  for (let i = 0; i < 256; i++) table[i] = clamp(picture.mean + (i - crop.mean) * gain + 0.5, 16, 240);
}

/**
 * Moves what `table` says (mean and deviation) to what the whole distributions say, by no more than a half of the picture's deviation: a few
 * samples in a tail must not tear it.
 * @param unit steps of the table for one of a plane
 */
function matchDistribution(picture: Spread, crop: Spread, table: Int16Array | Uint8Array, unit: number): void {
  const most = Math.max(2, picture.deviation * FREEDOM) * unit;
  const rounding = unit === 1 ? 0.5 : 0;
  let value = 0;
  let [below, wanted] = [0, 0];
  for (let i = 0; i < 256; i++) {
    // The middle of those that have this value.
    const share = (below + crop.countOf(i) / 2) / crop.count;
    below += crop.countOf(i);
    while (value < 255 && (wanted + picture.countOf(value)) / picture.count < share) wanted += picture.countOf(value++);
    const here = picture.countOf(value);
    const part = here === 0 ? 0.5 : clamp((share * picture.count - wanted) / here, 0, 1);
    const moved = (value - 0.5 + part) * unit + rounding;
    table[i] = table[i]! + clamp(moved - table[i]!, -most, most);
  }
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

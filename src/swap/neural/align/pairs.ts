import { scaleOf, type Similarity } from './similarity.ts';
import { gridOf, within, type Columns } from './sample.ts';

/** What is filled by a pair of channels, row by row without padding. */
export interface PairTarget {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What both channels of a crop are laid back from. */
export interface PairsOfCrop {
  readonly lumaAndMask: Pairs;
  readonly chroma: Pairs;
}

/** Of a row that is laid: its first column, its last one's next, and where the first one lies in the crop, x and y. */
const ROW = 4;
/** From the middle of a pixel to that of one with twice the resolution, of which four fall on it: half of one, both ways. */
const BESIDE = Math.SQRT1_2 / 2;

/** 8 bits of both halves, and a half of what is shifted out below them. */
const HALVES = 0xff00ff;
const ROUND = 0x800080;

/**
 * Two channels of a crop, [size, size] bytes each, sampled together: they lie in the halves of one number, so a position is
 * worked out once and a row is interpolated for both at once. Around the crop lies a rim of one: the edge repeated, or 0.
 */
export class Pairs {
  readonly #size: number;
  readonly #side: number;
  readonly #beyond: 'edge' | 'zero';
  /** First channel in the low half, second in the high one. */
  readonly #pairs: Int32Array;
  #rows = new Int32Array(0);

  /** @param beyond what lies beyond the crop in the second channel: its edge repeated, or 0. The first repeats its edge. */
  constructor(size: number, beyond: 'edge' | 'zero') {
    this.#size = size;
    this.#beyond = beyond;
    this.#side = size + 2;
    this.#pairs = new Int32Array(this.#side ** 2);
  }

  /**
   * Fills those of a crop's luma and mask, and of its two chroma planes (BT.601, limited range, in fixed point as in src/media/colour.ts).
   * @param rgb [size, size, 3] uint8
   */
  static fill(rgb: Uint8Array, mask: Uint8Array, { lumaAndMask, chroma }: PairsOfCrop): void {
    const size = lumaAndMask.#size;
    const side = lumaAndMask.#side;
    const [lumas, chromas] = [lumaAndMask.#pairs, chroma.#pairs];
    for (let row = 0, from = 0, at = 0; row < size; row++) {
      let to = (row + 1) * side + 1;
      for (const end = to + size; to < end; to++, from++, at += 3) {
        const red = rgb[at]!;
        const green = rgb[at + 1]!;
        const blue = rgb[at + 2]!;
        lumas[to] = ((16829 * red + 33039 * green + 6416 * blue + 1081344) >> 16) | (mask[from]! << 16);
        const u = (8421376 - 9714 * red - 19070 * green + 28784 * blue) >> 16;
        chromas[to] = u | ((8421376 + 28784 * red - 24103 * green - 4681 * blue) & 0xff0000);
      }
    }
    lumaAndMask.#fillRim();
    chroma.#fillRim();
  }

  #fillRim(): void {
    const size = this.#size;
    const side = this.#side;
    const pairs = this.#pairs;
    const rim = this.#beyond === 'zero' ? 0xff : -1;
    for (let row = 1; row <= size; row++) {
      pairs[row * side] = pairs[row * side + 1]! & rim;
      pairs[row * side + side - 1] = pairs[row * side + side - 2]! & rim;
    }
    for (let column = 0; column < side; column++) {
      pairs[column] = pairs[side + column]! & rim;
      pairs[(side - 1) * side + column] = pairs[(side - 2) * side + column]! & rim;
    }
  }

  /**
   * Fills `target` from the crop that lies turned and scaled under it; true to area, like `sample`. Where the second
   * channel is 0 because it lies beyond the crop nothing is written, nor where another pair of twice the resolution writes nothing.
   * @param toCrop takes points of the target to points of the crop
   */
  lay(toCrop: Similarity, target: PairTarget): void {
    const { a, b, tx, ty } = toCrop;
    const grid = gridOf(toCrop);
    // From a corner of a pixel to its index, and over the rim.
    const [startX, startY] = [tx + (a - b) / 2 + 0.5, ty + (a + b) / 2 + 0.5];
    const beside = this.#beyond === 'edge' ? BESIDE * scaleOf(toCrop) : 0;
    if (this.#rows.length < target.height * ROW) this.#rows = new Int32Array(target.height * ROW);
    const rows = this.#rows;
    for (let row = 0; row < target.height; row++) {
      const [x, y] = [startX - b * row, startY + a * row];
      const { from, to } = this.#columns(x, y, { toCrop, width: target.width, beside: 0 });
      const around = beside > 0 ? this.#columns(x, y, { toCrop, width: target.width, beside }) : { from, to };
      rows[row * ROW] = from;
      rows[row * ROW + 1] = grid === 1 ? to : from;
      // With the half of what 8 bits leave out.
      rows[row * ROW + 2] = Math.round((x + a * from) * 65536) + 128;
      rows[row * ROW + 3] = Math.round((y + b * from) * 65536) + 128;
      this.#layHeld(target, row, { x, y, from: around.from, to: grid === 1 ? from : to }, { toCrop, grid });
      this.#layHeld(target, row, { x, y, from: to, to: around.to }, { toCrop, grid });
    }
    layInside({ pairs: this.#pairs, side: this.#side, rows }, toCrop, target);
  }

  /** The columns of a row that lie on the crop and its rim, and so much beside it, in pixels of the crop. */
  #columns(
    x: number,
    y: number,
    {
      toCrop: { a, b },
      width,
      beside,
    }: { readonly toCrop: Similarity; readonly width: number; readonly beside: number },
  ): { readonly from: number; readonly to: number } {
    const end = this.#size + 1 + 2 * beside;
    const [fromX, toX] = within(x + beside, a, end);
    const [fromY, toY] = within(y + beside, b, end);
    const from = Math.min(width, Math.max(0, fromX, fromY));
    return { from, to: Math.max(from, Math.min(width, toX, toY)) };
  }

  /** The mean of a grid of samples for each pixel of the target. What reaches beyond the rim is held there. */
  #layHeld(
    { first, second, width }: PairTarget,
    row: number,
    { x, y, from, to }: Columns,
    { toCrop: { a, b }, grid }: { readonly toCrop: Similarity; readonly grid: number },
  ): void {
    const pairs = this.#pairs;
    const side = this.#side;
    const last = (side - 1) * 256 - 1;
    const [stepX, stepY] = [(a * 256) / grid, (b * 256) / grid];
    const samples = grid * grid;
    for (let column = from; column < to; column++) {
      let firsts = 0;
      let seconds = 0;
      for (let j = 0; j < grid; j++) {
        for (let i = 0; i < grid; i++) {
          const [along, across] = [i - (grid - 1) / 2, j - (grid - 1) / 2];
          const atX = held((x + a * column) * 256 + stepX * along - stepY * across, last);
          const atY = held((y + b * column) * 256 + stepY * along + stepX * across, last);
          const upper = (atY >> 8) * side + (atX >> 8);
          const right = atX & 255;
          const down = atY & 255;
          const northWest = pairs[upper]!;
          const southWest = pairs[upper + side]!;
          const above = (northWest << 8) + Math.imul(pairs[upper + 1]! - northWest, right);
          const below = (southWest << 8) + Math.imul(pairs[upper + side + 1]! - southWest, right);
          const one = above & 0xffff;
          const other = above >>> 16;
          firsts += (one << 8) + Math.imul((below & 0xffff) - one, down);
          seconds += (other << 8) + Math.imul((below >>> 16) - other, down);
        }
      }
      first[row * width + column] = firsts / samples / 65536 + 0.5;
      second[row * width + column] = seconds / samples / 65536 + 0.5;
    }
  }
}

/**
 * One sample for each, none beyond the rim. Positions in 1/65536, of which 8 bits weigh: exact to 1/256 of a pixel. Both channels go through
 * each multiplication at once: what a difference borrows of the upper half is paid back by the sum; along a row they are rounded to 8 bits.
 */
function layInside(
  { pairs, side, rows }: { readonly pairs: Int32Array; readonly side: number; readonly rows: Int32Array },
  { a, b }: Similarity,
  { first, second, width, height }: PairTarget,
): void {
  const stepX = Math.round(a * 65536) | 0;
  const stepY = Math.round(b * 65536) | 0;
  for (let row = 0; row < height; row++) {
    let at = row * width + rows[row * ROW]!;
    const end = row * width + rows[row * ROW + 1]!;
    let atX = rows[row * ROW + 2]!;
    let atY = rows[row * ROW + 3]!;
    for (; at < end; at++, atX = (atX + stepX) | 0, atY = (atY + stepY) | 0) {
      const upper = (Math.imul(atY >> 16, side) + (atX >> 16)) | 0;
      const lower = (upper + side) | 0;
      const right = (atX >> 8) & 255;
      const northWest = pairs[upper]!;
      const southWest = pairs[lower]!;
      const alongUpper = ((northWest << 8) + Math.imul((pairs[(upper + 1) | 0]! - northWest) | 0, right) + ROUND) | 0;
      const alongLower = ((southWest << 8) + Math.imul((pairs[(lower + 1) | 0]! - southWest) | 0, right) + ROUND) | 0;
      const above = (alongUpper >>> 8) & HALVES;
      const below = (alongLower >>> 8) & HALVES;
      const both = ((above << 8) + Math.imul((below - above) | 0, (atY >> 8) & 255) + ROUND) | 0;
      first[at] = both >>> 8;
      second[at] = both >>> 24;
    }
  }
}

/** In whole 1/256. */
function held(position: number, last: number): number {
  return position < 0 ? 0 : position > last ? last : position | 0;
}

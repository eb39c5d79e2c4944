import type { Similarity } from './similarity.ts';
import { gridOf, type Columns } from './sample.ts';

/** So near the end of the rim nothing is sampled: what rounding positions may add up to along a row, in pixels. */
const MARGIN = 1 / 64;

/** What is filled by a pair of channels, row by row without padding. */
export interface PairTarget {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly width: number;
  readonly height: number;
}

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

  /** @param beyond what lies beyond the crop in the second channel: its edge repeated, or 0. The first repeats its edge. */
  constructor(size: number, beyond: 'edge' | 'zero') {
    this.#size = size;
    this.#beyond = beyond;
    this.#side = size + 2;
    this.#pairs = new Int32Array(this.#side ** 2);
  }

  fill(first: Uint8Array, second: Uint8Array): void {
    const size = this.#size;
    const side = this.#side;
    const pairs = this.#pairs;
    for (let row = 0, from = 0; row < size; row++) {
      let to = (row + 1) * side + 1;
      for (const end = to + size; to < end; to++, from++) pairs[to] = first[from]! | (second[from]! << 16);
    }
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
   * channel is 0 because it lies beyond the crop nothing is written.
   * @param toCrop takes points of the target to points of the crop
   */
  lay(toCrop: Similarity, target: PairTarget): void {
    const { a, b, tx, ty } = toCrop;
    const grid = gridOf(toCrop);
    // From a corner of a pixel to its index, and over the rim.
    const [startX, startY] = [tx + (a - b) / 2 + 0.5, ty + (a + b) / 2 + 0.5];
    for (let row = 0; row < target.height; row++) {
      const [x, y] = [startX - b * row, startY + a * row];
      const [fromX, toX] = within(x, a, this.#size + 1);
      const [fromY, toY] = within(y, b, this.#size + 1);
      const from = Math.min(target.width, Math.max(0, fromX, fromY));
      const to = Math.max(from, Math.min(target.width, toX, toY));
      const all = this.#beyond === 'edge';
      if (all) this.#layHeld(target, row, { x, y, from: 0, to: from }, { toCrop, grid });
      if (grid === 1) this.#layInside(target, row, { x, y, from, to }, toCrop);
      else this.#layHeld(target, row, { x, y, from, to }, { toCrop, grid });
      if (all) this.#layHeld(target, row, { x, y, from: to, to: target.width }, { toCrop, grid });
    }
  }

  /** One sample for each, none beyond the rim. Positions in 1/65536, of which 8 bits weigh: exact to 1/256 of a pixel. */
  #layInside(
    { first, second, width }: PairTarget,
    row: number,
    { x, y, from, to }: Columns,
    { a, b }: Similarity,
  ): void {
    const pairs = this.#pairs;
    const side = this.#side;
    const stepX = Math.round(a * 65536);
    const stepY = Math.round(b * 65536);
    let atX = Math.round((x + a * from) * 65536);
    let atY = Math.round((y + b * from) * 65536);
    const end = row * width + to;
    for (let at = row * width + from; at < end; at++, atX += stepX, atY += stepY) {
      const upper = (atY >> 16) * side + (atX >> 16);
      const lower = upper + side;
      const right = (atX >> 8) & 255;
      const down = (atY >> 8) & 255;
      // Both halves at once: what a difference borrows of the other half is paid back by the sum.
      const northWest = pairs[upper]!;
      const southWest = pairs[lower]!;
      const above = (northWest << 8) + Math.imul(pairs[upper + 1]! - northWest, right);
      const below = (southWest << 8) + Math.imul(pairs[lower + 1]! - southWest, right);
      const one = above & 0xffff;
      const other = above >>> 16;
      first[at] = ((one << 8) + Math.imul((below & 0xffff) - one, down) + 32768) >> 16;
      second[at] = ((other << 8) + Math.imul((below >>> 16) - other, down) + 32768) >> 16;
    }
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

/** The columns [from, to) at which `start + step × column` is at least 0 and under `end`, to a thousandth. */
function within(start: number, step: number, end: number): readonly [from: number, to: number] {
  const [low, high] = [MARGIN, end - MARGIN];
  if (step === 0) return start >= low && start < high ? [0, Infinity] : [0, 0];
  const [zero, last] = [(low - start) / step, (high - start) / step];
  return [Math.ceil(Math.min(zero, last)), Math.ceil(Math.max(zero, last))];
}

/** In whole 1/256. */
function held(position: number, last: number): number {
  return position < 0 ? 0 : position > last ? last : position | 0;
}

import type { Box, I420 } from '../../media/plane.ts';

/** Which edge of the picture somebody may be coming in at. */
export type Side = 'left' | 'right';

/** Width of the watched strips and side of their cells, as shares of the picture's width and height. */
const STRIP = 1 / 6;
const CELL = 1 / 24;
/** Every so many pixels of a cell one is looked at, in both directions. */
const STEP = 4;
/** Luma steps by which a cell must differ from what it was, and how many cells must: more than noise and flicker. */
const CHANGE = 14;
const LEAST_CELLS = 4;
/** Share of the way on which what is remembered follows the picture at each frame: what stays is forgotten in 2 s. */
const FOLLOW = 0.04;
/** Frames in a row that may be called a stir; longer is a curtain or a screen, and left to the ordinary searches. */
const LONGEST = 30;

/** Something that comes in, or moves, at an edge. */
export interface Stir {
  readonly side: Side;
  /** What has changed, to the edge of the picture. */
  readonly box: Box;
}

/**
 * Notices when something comes in at the left or right edge: a detector knows a face only when about half of it can be
 * seen, and a person would know it sooner. Compares means of coarse cells with their recent past; costs about 0.05 ms.
 */
export class BorderWatch {
  readonly #strips: Record<Side, Strip> = { left: new Strip(), right: new Strip() };

  /**
   * Takes the next frame. Returns where it stirs.
   * @param floor row from which on nothing is looked at, pixels: below the chin of whoever is followed shoulders and arms move
   */
  look(picture: I420, floor = Infinity): Stir[] {
    const width = Math.round(picture.width * STRIP);
    const stirs: Stir[] = [];
    const left = this.#strips.left.look(picture, { from: 0, width, floor });
    if (left) stirs.push({ side: 'left', box: { ...left, x: 0, width: left.x + left.width } });
    const right = this.#strips.right.look(picture, { from: picture.width - width, width, floor });
    if (right) stirs.push({ side: 'right', box: { ...right, width: picture.width - right.x } });
    return stirs;
  }
}

class Strip {
  #past = new Float32Array(0);
  #stirring = 0;

  /** Takes the strip of the next frame. Returns the box around what has changed, if enough has. */
  look(picture: I420, strip: { from: number; width: number; floor: number }): Box | undefined {
    const { from: left, width, floor } = strip;
    const side = Math.max(STEP, Math.round(picture.height * CELL));
    const columns = Math.floor(width / side);
    const rows = Math.floor(picture.height / side);
    const isNew = this.#past.length !== columns * rows;
    if (isNew) this.#past = new Float32Array(columns * rows);
    let changed = 0;
    let [x0, y0, x1, y1] = [columns, rows, 0, 0];
    for (let row = 0, cell = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, cell++) {
        const mean = meanOf(picture, left + column * side, row * side, side);
        const past = isNew ? mean : this.#past[cell]!;
        this.#past[cell] = past + (mean - past) * FOLLOW;
        if (Math.abs(mean - past) <= CHANGE || (row + 1) * side > floor) continue;
        changed++;
        x0 = Math.min(x0, column);
        y0 = Math.min(y0, row);
        x1 = Math.max(x1, column + 1);
        y1 = Math.max(y1, row + 1);
      }
    }
    this.#stirring = changed >= LEAST_CELLS ? this.#stirring + 1 : 0;
    if (this.#stirring === 0 || this.#stirring > LONGEST) return undefined;
    return { x: left + x0 * side, y: y0 * side, width: (x1 - x0) * side, height: (y1 - y0) * side };
  }
}

function meanOf({ y, strideY }: I420, left: number, top: number, side: number): number {
  let sum = 0;
  let count = 0;
  for (let row = top; row < top + side; row += STEP) {
    const from = row * strideY + left;
    for (let at = from; at < from + side; at += STEP) {
      sum += y[at]!;
      count++;
    }
  }
  return sum / count;
}

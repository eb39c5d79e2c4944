import type { I420 } from './plane.ts';

/** An upright ellipse in pixels of the frame; may reach beyond it. */
export interface Ellipse {
  readonly cx: number;
  readonly cy: number;
  /** Half axes, more than 0. */
  readonly rx: number;
  readonly ry: number;
}

/** Most cells a hidden region keeps in each direction. With the margin around a head some 7 of them lie on the face. */
export const HIDE_CELLS = 12;
/** A region under `HIDE_CELLS` of this, pixels, keeps fewer cells: a small face holds no more than a large one. */
const CELL_SIDE = 16;
const FEWEST_CELLS = 4;
/** Rows that are filled alike. Cells are many times higher, so the steps do not show and three rows of four are a copy. */
const ROW_STEP = 4;
/** Samples taken from a cell in each direction: enough for a steady mean, few enough to stay cheap. */
const SAMPLES = 10;

const grid = new Float32Array(HIDE_CELLS * HIDE_CELLS);
const spare = new Float32Array(HIDE_CELLS * HIDE_CELLS);
const line = new Float32Array(HIDE_CELLS);

/** One plane and the region's place in it, in that plane's samples. */
interface Region {
  readonly plane: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  /** Size of a cell. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly columns: number;
  readonly rows: number;
  /** False fills the whole box instead of the ellipse in it. */
  readonly round: boolean;
}

/**
 * Makes whatever lies in the ellipse unrecognisable, in place: reduced to at most 12 × 12 cells over the whole ellipse
 * (also where it reaches beyond the frame), then blurred. Nothing of the old pixels is mixed in.
 */
export function hideFace(picture: I420, head: Ellipse): void {
  hide(picture, head, true);
}

/** Makes the whole picture unrecognisable, in place, the same way. */
export function hideAll(picture: I420): void {
  const rx = picture.width / 2;
  const ry = picture.height / 2;
  hide(picture, { cx: rx, cy: ry, rx, ry }, false);
}

function hide(picture: I420, at: Ellipse, round: boolean): void {
  const { width, height, strideY, strideUv } = picture;
  const columns = cellsFor(2 * at.rx);
  const rows = cellsFor(2 * at.ry);
  const place = (plane: Uint8Array, stride: number, scale: number): Region => ({
    plane,
    stride,
    width: Math.ceil(width * scale),
    height: Math.ceil(height * scale),
    left: (at.cx - at.rx) * scale,
    top: (at.cy - at.ry) * scale,
    cellWidth: (2 * at.rx * scale) / columns,
    cellHeight: (2 * at.ry * scale) / rows,
    columns,
    rows,
    round,
  });
  hidePlane(place(picture.y, strideY, 1));
  hidePlane(place(picture.u, strideUv, 0.5));
  hidePlane(place(picture.v, strideUv, 0.5));
}

function cellsFor(side: number): number {
  return Math.min(HIDE_CELLS, Math.max(FEWEST_CELLS, Math.floor(side / CELL_SIDE)));
}

function hidePlane(region: Region): void {
  reduce(region);
  blur(region.columns, region.rows);
  fill(region);
}

/** Means of the cells into `grid`. A cell outside the frame takes the pixels at the frame's edge next to it. */
function reduce({ plane, stride, width, height, left, top, cellWidth, cellHeight, columns, rows }: Region): void {
  for (let row = 0; row < rows; row++) {
    const y0 = clamp(Math.floor(top + row * cellHeight), 0, height - 1);
    const y1 = clamp(Math.ceil(top + (row + 1) * cellHeight), y0 + 1, height);
    const stepY = Math.max(1, Math.floor((y1 - y0) / SAMPLES));
    for (let column = 0; column < columns; column++) {
      const x0 = clamp(Math.floor(left + column * cellWidth), 0, width - 1);
      const x1 = clamp(Math.ceil(left + (column + 1) * cellWidth), x0 + 1, width);
      const stepX = Math.max(1, Math.floor((x1 - x0) / SAMPLES));
      let sum = 0;
      let count = 0;
      for (let y = y0; y < y1; y += stepY) {
        const base = y * stride;
        for (let x = x0; x < x1; x += stepX) {
          sum += plane[base + x]!;
          count++;
        }
      }
      grid[row * HIDE_CELLS + column] = sum / count;
    }
  }
}

/** A binomial blur of `grid` over neighbouring cells. */
function blur(columns: number, rows: number): void {
  for (let row = 0; row < rows; row++) {
    const base = row * HIDE_CELLS;
    for (let column = 0; column < columns; column++) {
      const before = grid[base + Math.max(0, column - 1)]!;
      const after = grid[base + Math.min(columns - 1, column + 1)]!;
      spare[base + column] = (before + 2 * grid[base + column]! + after) / 4;
    }
  }
  for (let row = 0; row < rows; row++) {
    const above = Math.max(0, row - 1) * HIDE_CELLS;
    const below = Math.min(rows - 1, row + 1) * HIDE_CELLS;
    for (let column = 0; column < columns; column++) {
      const here = spare[row * HIDE_CELLS + column]!;
      grid[row * HIDE_CELLS + column] = (spare[above + column]! + 2 * here + spare[below + column]!) / 4;
    }
  }
}

/** Draws `grid` back, interpolated between the centres of the cells. */
function fill(region: Region): void {
  const { plane, stride, width, height, left, top, cellWidth, cellHeight, columns, rows, round } = region;
  const rx = (columns * cellWidth) / 2;
  const ry = (rows * cellHeight) / 2;
  const cx = left + rx;
  const cy = top + ry;
  const first = clamp(Math.floor(top), 0, height);
  const last = clamp(Math.ceil(top + rows * cellHeight), 0, height);
  for (let y = first; y < last; y += ROW_STEP) {
    const end = Math.min(y + ROW_STEP, last);
    // The widest of these rows decides for all of them: rather a little too much than too little.
    const dy = clamp(cy, y, end) - cy;
    const half = round ? rx * Math.sqrt(Math.max(0, 1 - (dy / ry) ** 2)) : rx;
    const x0 = clamp(Math.floor(cx - half), 0, width);
    const x1 = clamp(Math.ceil(cx + half), 0, width);
    if (x1 <= x0) continue;
    lineAt(clamp(((y + end) / 2 - top) / cellHeight - 0.5, 0, rows - 1), columns);
    fillRow(plane, y * stride, x0, x1, left, cellWidth, columns);
    for (let copy = y + 1; copy < end; copy++) plane.copyWithin(copy * stride + x0, y * stride + x0, y * stride + x1);
  }
}

/** The row of cells at the fractional height `at` into `line`. */
function lineAt(at: number, columns: number): void {
  const row = Math.floor(at);
  const part = at - row;
  const above = row * HIDE_CELLS;
  const below = part > 0 ? above + HIDE_CELLS : above;
  for (let column = 0; column < columns; column++) {
    line[column] = grid[above + column]! * (1 - part) + grid[below + column]! * part;
  }
}

/** One row from `line`: a straight ramp from each cell's centre to the next, flat beyond the outer ones. */
function fillRow(
  plane: Uint8Array,
  base: number,
  x0: number,
  x1: number,
  left: number,
  cellWidth: number,
  columns: number,
): void {
  let x = x0;
  for (let column = -1; column < columns && x < x1; column++) {
    const centre = left + (column + 0.5) * cellWidth;
    const end = column === columns - 1 ? x1 : Math.min(x1, Math.ceil(centre + cellWidth - 0.5));
    if (end <= x) continue;
    const from = line[Math.max(0, column)]!;
    const slope = (line[Math.min(columns - 1, column + 1)]! - from) / cellWidth;
    // 16.16 fixed point, rounded.
    const step = Math.round(slope * 65536);
    let value = Math.round((from + slope * (x + 0.5 - centre)) * 65536) + 32768;
    for (; x < end; x++, value += step) plane[base + x] = value >> 16;
  }
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

import { scaleOf, type Similarity } from './similarity.ts';

/** A plane that is sampled. */
export interface Plane {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes from a row to the next. */
  readonly stride: number;
  /** Bytes from a sample to the next of its row: 3 for one colour of RGB. */
  readonly step?: number;
}

/** What is filled, row by row without padding. */
export interface Target {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** So far apart, samples of the plane, may bilinear samples lie that leave none of it out: each reaches one to either side. */
const REACH = 1.5;

/** So near an edge nothing is sampled without holding it there: what rounding positions may add up to along a row, in pixels. */
const MARGIN = 1 / 64;

/**
 * Fills `target` from a plane that lies turned and scaled under it. True to area: where several samples of the plane fall on
 * one of the target it takes a grid of them, bilinear each, so that nothing flickers or aliases.
 * Beyond the plane its edge is repeated.
 * @param toPlane takes points of the target to points of the plane
 */
export function sample(plane: Plane, toPlane: Similarity, target: Target): void {
  const { a, b, tx, ty } = toPlane;
  const grid = gridOf(toPlane);
  const [stepX, stepY] = [a / grid, b / grid];
  // To the first point of the grid, and from a corner of a sample to its index.
  const [startX, startY] = [tx + (stepX - stepY) / 2 - 0.5, ty + (stepX + stepY) / 2 - 0.5];
  // From the first point of a grid to its others.
  const reachX = (grid - 1) * Math.min(0, stepX, -stepY, stepX - stepY);
  const reachY = (grid - 1) * Math.min(0, stepY, stepX, stepX + stepY);
  const spanX = (grid - 1) * (Math.abs(stepX) + Math.abs(stepY));
  const line = { target, plane, grid, stepX, stepY, a, b };
  for (let row = 0; row < target.height; row++) {
    const [x, y] = [startX - b * row, startY + a * row];
    const [fromX, toX] = within(x + reachX, a, plane.width - 1 - spanX);
    const [fromY, toY] = within(y + reachY, b, plane.height - 1 - spanX);
    const from = Math.min(target.width, Math.max(0, fromX, fromY)) | 0;
    const to = Math.max(from, Math.min(target.width, toX, toY)) | 0;
    atEdge(line, row, { x, y, from: 0, to: from });
    if (grid === 1) inside(line, row, { x, y, from, to });
    else insideByGrid(line, row, { x, y, from, to });
    atEdge(line, row, { x, y, from: to, to: target.width });
  }
}

/** How many samples each way fall on one of the target, so that none of the plane is left out. */
export function gridOf(toPlane: Similarity): number {
  return Math.max(1, Math.ceil(scaleOf(toPlane) / REACH - 0.01));
}

/** What all rows of one call share. */
interface Line {
  readonly target: Target;
  readonly plane: Plane;
  readonly grid: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly a: number;
  readonly b: number;
}

/** Columns of a row; (x, y) is the plane's point of column 0. */
export interface Columns {
  readonly x: number;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** The columns [from, to) at which `start + step × column` is at least 0 and under `end`, and not too near to either. */
export function within(start: number, step: number, end: number): readonly [from: number, to: number] {
  const [low, high] = [MARGIN, end - MARGIN];
  if (step === 0) return start >= low && start < high ? [0, Infinity] : [0, 0];
  const [zero, last] = [(low - start) / step, (high - start) / step];
  return [Math.ceil(Math.min(zero, last)), Math.ceil(Math.max(zero, last))];
}

/** Where samples of a row lie inside the plane. Positions in 1/65536 from `start` on, of which 8 bits weigh: exact to 1/256 of a pixel. */
interface Walk {
  /** Index of the sample to the upper left of the first one. */
  readonly start: number;
  readonly atX: number;
  readonly atY: number;
  readonly stepX: number;
  readonly stepY: number;
}

/** @param x the plane's point of the first sample */
function walkFrom({ plane: { stride, step = 1 }, a, b }: Line, x: number, y: number): Walk {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  return {
    start: (top * stride + left * step) | 0,
    // With the half of what 8 bits leave out.
    atX: (Math.round((x - left) * 65536) + 128) | 0,
    atY: (Math.round((y - top) * 65536) + 128) | 0,
    stepX: Math.round(a * 65536) | 0,
    stepY: Math.round(b * 65536) | 0,
  };
}

/** Every sample is inside the plane, one for each of the target. */
function inside(line: Line, row: number, { x, y, from, to }: Columns): void {
  const { target, plane, a, b } = line;
  const { bytes, stride, step = 1 } = plane;
  const out = target.bytes;
  const walk = walkFrom(line, x + a * from, y + b * from);
  const { start, stepX, stepY } = walk;
  let { atX, atY } = walk;
  const end = row * target.width + to;
  for (let into = row * target.width + from; into < end; into++, atX = (atX + stepX) | 0, atY = (atY + stepY) | 0) {
    const at = (start + Math.imul(atY >> 16, stride) + Math.imul(atX >> 16, step)) | 0;
    const below = (at + stride) | 0;
    const right = (atX >> 8) & 255;
    const northWest = bytes[at]!;
    const southWest = bytes[below]!;
    const upper = (northWest << 8) + Math.imul(bytes[(at + step) | 0]! - northWest, right);
    const lower = (southWest << 8) + Math.imul(bytes[(below + step) | 0]! - southWest, right);
    out[into] = ((upper << 8) + Math.imul(lower - upper, (atY >> 8) & 255) + 32768) >> 16;
  }
}

/** The same where a grid of samples falls on one of the target: line by line, so that no loop is short. */
function insideByGrid(line: Line, row: number, { x, y, from, to }: Columns): void {
  const { target, grid, stepX, stepY, a, b } = line;
  const sums = lineOf(target.width).fill(0, from, to);
  for (let j = 0; j < grid; j++) {
    for (let i = 0; i < grid; i++) {
      const walk = walkFrom(line, x + a * from + stepX * i - stepY * j, y + b * from + stepY * i + stepX * j);
      addLine(line.plane, walk, sums, { from, to });
    }
  }
  const share = 1 / (256 * grid * grid);
  const out = target.bytes;
  const start = row * target.width;
  for (let column = from; column < to; column++) out[start + column] = sums[column]! * share + 0.5;
}

/** Adds a sample, 255 × 256 at most, to each of the sums. */
function addLine(
  { bytes, stride, step = 1 }: Plane,
  walk: Walk,
  sums: Int32Array,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const { start, stepX, stepY } = walk;
  let { atX, atY } = walk;
  for (let column = from; column < to; column++, atX = (atX + stepX) | 0, atY = (atY + stepY) | 0) {
    const at = (start + Math.imul(atY >> 16, stride) + Math.imul(atX >> 16, step)) | 0;
    const below = (at + stride) | 0;
    const right = (atX >> 8) & 255;
    const northWest = bytes[at]!;
    const southWest = bytes[below]!;
    const upper = (northWest << 8) + Math.imul(bytes[(at + step) | 0]! - northWest, right);
    const lower = (southWest << 8) + Math.imul(bytes[(below + step) | 0]! - southWest, right);
    sums[column] = sums[column]! + (((upper << 8) + Math.imul(lower - upper, (atY >> 8) & 255)) >> 8);
  }
}

/** What samples of a row add up to, for each column. */
let line = new Int32Array(1024);

function lineOf(width: number): Int32Array {
  if (line.length < width) line = new Int32Array(width);
  return line;
}

/** Samples may lie at the edge of the plane or beyond it. */
function atEdge(line: Line, row: number, columns: Columns): void {
  const { target, plane, grid, stepX, stepY, a, b } = line;
  let to = row * target.width + columns.from;
  for (let column = columns.from; column < columns.to; column++, to++) {
    let sum = 0;
    for (let j = 0; j < grid; j++) {
      for (let i = 0; i < grid; i++) {
        const x = columns.x + a * column + stepX * i - stepY * j;
        const y = columns.y + b * column + stepY * i + stepX * j;
        sum += beside(plane, x, y);
      }
    }
    target.bytes[to] = sum / (grid * grid) + 0.5;
  }
}

/** A bilinear sample at or beyond the edge. */
function beside({ bytes, width, height, stride, step = 1 }: Plane, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const right = x - left;
  const [at, next] = [held(left, width - 1) * step, held(left + 1, width - 1) * step];
  const [above, below] = [held(top, height - 1) * stride, held(top + 1, height - 1) * stride];
  const upper = bytes[above + at]! + (bytes[above + next]! - bytes[above + at]!) * right;
  const lower = bytes[below + at]! + (bytes[below + next]! - bytes[below + at]!) * right;
  return upper + (lower - upper) * (y - top);
}

function held(index: number, last: number): number {
  return index < 0 ? 0 : index > last ? last : index;
}

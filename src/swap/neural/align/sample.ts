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
    const from = Math.min(target.width, Math.max(0, fromX, fromY));
    const to = Math.max(from, Math.min(target.width, toX, toY));
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

/** The columns [from, to) at which `start + step × column` is at least 0 and under `end`, one less at either side. */
function within(start: number, step: number, end: number): readonly [from: number, to: number] {
  if (step === 0) return start >= 0 && start < end ? [0, Infinity] : [0, 0];
  const [zero, last] = [-start / step, (end - start) / step];
  return [Math.ceil(Math.min(zero, last)) + 1, Math.floor(Math.max(zero, last)) - 1];
}

/** Every sample is inside the plane, one for each of the target. */
function inside({ target, plane, a, b }: Line, row: number, columns: Columns): void {
  const { bytes, stride, step = 1 } = plane;
  const out = target.bytes;
  let x = columns.x + a * columns.from;
  let y = columns.y + b * columns.from;
  const end = row * target.width + columns.to;
  for (let to = row * target.width + columns.from; to < end; to++, x += a, y += b) {
    const left = x | 0;
    const top = y | 0;
    const at = top * stride + left * step;
    const below = at + stride;
    const right = x - left;
    const upper = bytes[at]! + (bytes[at + step]! - bytes[at]!) * right;
    out[to] = upper + (bytes[below]! + (bytes[below + step]! - bytes[below]!) * right - upper) * (y - top) + 0.5;
  }
}

/** The same where a grid of samples falls on one of the target. */
function insideByGrid(line: Line, row: number, columns: Columns): void {
  const { target, plane, grid, stepX, stepY, a, b } = line;
  const { bytes, stride, step = 1 } = plane;
  const share = 1 / (grid * grid);
  let to = row * target.width + columns.from;
  for (let column = columns.from; column < columns.to; column++, to++) {
    let sum = 0;
    for (let j = 0; j < grid; j++) {
      let x = columns.x + a * column - stepY * j;
      let y = columns.y + b * column + stepX * j;
      for (let i = 0; i < grid; i++, x += stepX, y += stepY) {
        const left = x | 0;
        const top = y | 0;
        const at = top * stride + left * step;
        const below = at + stride;
        const right = x - left;
        const upper = bytes[at]! + (bytes[at + step]! - bytes[at]!) * right;
        sum += upper + (bytes[below]! + (bytes[below + step]! - bytes[below]!) * right - upper) * (y - top);
      }
    }
    target.bytes[to] = sum * share + 0.5;
  }
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

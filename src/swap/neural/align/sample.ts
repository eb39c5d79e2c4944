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

export interface SampleOptions {
  /** What lies beyond the plane: its edge repeated, or 0. Default its edge. */
  readonly beyond?: 'edge' | 'zero';
  /** Only where this is not 0, of the target's size, something is written. */
  readonly where?: Uint8Array;
}

/**
 * Fills `target` from a plane that lies turned and scaled under it. True to area: where several samples of the plane fall on
 * one of the target it takes a grid of them, bilinear each, so that nothing flickers or aliases.
 * @param toPlane takes points of the target to points of the plane
 */
export function sample(plane: Plane, toPlane: Similarity, target: Target, options: SampleOptions = {}): void {
  const { beyond = 'edge', where } = options;
  const { a, b, tx, ty } = toPlane;
  const grid = Math.max(1, Math.ceil(scaleOf(toPlane) - 0.01));
  const [stepX, stepY, share] = [a / grid, b / grid, 1 / (grid * grid)];
  const { bytes, width, height, stride, step = 1 } = plane;
  const [lastX, lastY] = [width - 1, height - 1];
  // To the first point of the grid, and from a corner of a sample to its index.
  const [startX, startY] = [tx + (stepX - stepY) / 2 - 0.5, ty + (stepX + stepY) / 2 - 0.5];
  let to = 0;
  for (let row = 0; row < target.height; row++) {
    for (let column = 0; column < target.width; column++, to++) {
      if (where !== undefined && where[to] === 0) continue;
      const cornerX = startX + a * column - b * row;
      const cornerY = startY + b * column + a * row;
      let sum = 0;
      for (let j = 0; j < grid; j++) {
        let x = cornerX - stepY * j;
        let y = cornerY + stepX * j;
        for (let i = 0; i < grid; i++, x += stepX, y += stepY) {
          if (x >= 0 && y >= 0 && x < lastX && y < lastY) {
            const left = x | 0;
            const top = y | 0;
            const at = top * stride + left * step;
            const upper = bytes[at]! + (bytes[at + step]! - bytes[at]!) * (x - left);
            const below = at + stride;
            sum += upper + (bytes[below]! + (bytes[below + step]! - bytes[below]!) * (x - left) - upper) * (y - top);
          } else sum += beside(plane, x, y, beyond);
        }
      }
      target.bytes[to] = sum * share + 0.5;
    }
  }
}

/** A bilinear sample at or beyond the edge. */
function beside(plane: Plane, x: number, y: number, beyond: 'edge' | 'zero'): number {
  const [lastX, lastY] = [plane.width - 1, plane.height - 1];
  if (beyond === 'zero' && (x <= -1 || y <= -1 || x >= lastX + 1 || y >= lastY + 1)) return 0;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [x - left, y - top];
  const value = (column: number, row: number): number => {
    const inside = column >= 0 && row >= 0 && column <= lastX && row <= lastY;
    if (beyond === 'zero' && !inside) return 0;
    const heldX = Math.max(0, Math.min(lastX, column));
    const heldY = Math.max(0, Math.min(lastY, row));
    return plane.bytes[heldY * plane.stride + heldX * (plane.step ?? 1)]!;
  };
  const upper = value(left, top) * (1 - right) + value(left + 1, top) * right;
  const lower = value(left, top + 1) * (1 - right) + value(left + 1, top + 1) * right;
  return upper * (1 - down) + lower * down;
}

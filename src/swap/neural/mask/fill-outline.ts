/** Where an outline crosses the middle of one row; an outline of a face has few, and what is more is left out. */
const crossings = new Float32Array(16);

/**
 * Writes 1 where the middle of a sample lies inside an outline, 0 elsewhere.
 * @param outline points of (x, y), closed, times `scale` in samples
 * @param into [size, size]
 */
export function fillOutline(outline: Float32Array, scale: number, into: Float32Array, size: number): void {
  into.fill(0);
  for (let row = 0; row < size; row++) {
    const count = cross(outline, (row + 0.5) / scale);
    const found = crossings.subarray(0, count).sort();
    for (let k = 0; k + 1 < count; k += 2) {
      const from = Math.max(0, Math.ceil(found[k]! * scale - 0.5));
      const to = Math.min(size, Math.ceil(found[k + 1]! * scale - 0.5));
      if (from < to) into.fill(1, row * size + from, row * size + to);
    }
  }
}

/** Finds where the outline crosses the line `y`; returns how often. */
function cross(outline: Float32Array, y: number): number {
  let count = 0;
  let [fromX, fromY] = [outline[outline.length - 2]!, outline[outline.length - 1]!];
  for (let k = 0; k < outline.length; k += 2) {
    const [x, toY] = [outline[k]!, outline[k + 1]!];
    if (fromY <= y !== toY <= y && count < crossings.length) {
      crossings[count++] = fromX + ((x - fromX) * (y - fromY)) / (toY - fromY);
    }
    [fromX, fromY] = [x, toY];
  }
  return count;
}

import type { Box, Rgb } from '../../media/plane.ts';

/**
 * A part of a picture at another size. Enlarging follows Catmull-Rom's cubic, which keeps edges; shrinking widens the
 * same kernel, so that nothing aliases. Beyond the picture its edge is repeated.
 * @param box in pixels of the picture, may be fractional and reach outside
 */
export function resample(picture: Rgb, box: Box, width: number, height: number): Rgb {
  const columns = taps(box.x, box.width, width, picture.width);
  const rows = taps(box.y, box.height, height, picture.height);
  const top = Math.min(...rows.map((row) => row.first));
  const bottom = Math.max(...rows.map((row) => row.first + row.weights.length - 1));
  // First across, for the rows that are needed, then down.
  const wide = new Float32Array((bottom - top + 1) * width * 3);
  for (let y = top; y <= bottom; y++) {
    const from = held(y, picture.height) * picture.width;
    columns.forEach(({ first, weights }, x) => {
      const to = ((y - top) * width + x) * 3;
      weights.forEach((weight, i) => {
        const k = (from + held(first + i, picture.width)) * 3;
        for (let c = 0; c < 3; c++) wide[to + c]! += weight * picture.data[k + c]!;
      });
    });
  }
  const data = new Uint8Array(width * height * 3);
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < width * 3; x++) {
      let sum = 0.5;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * wide[(first + i - top) * width * 3 + x]!;
      data[y * width * 3 + x] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
    }
  });
  return { width, height, data };
}

interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** For every new sample along one axis: which old samples count how much. */
function taps(start: number, extent: number, count: number, size: number): Taps[] {
  const scale = extent / count;
  const reach = Math.max(1, scale);
  return Array.from({ length: count }, (_, i) => {
    const centre = Math.max(-2 * reach, Math.min(size + 2 * reach, start + (i + 0.5) * scale)) - 0.5;
    const first = Math.floor(centre - 2 * reach) + 1;
    const weights = Array.from({ length: Math.ceil(4 * reach) }, (_, j) => cubic((first + j - centre) / reach));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Catmull-Rom's cubic (Keys 1981, a = −0.5). */
function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d < 1) return 1 + d * d * (1.5 * d - 2.5);
  return d < 2 ? 2 - d * (4 - d * (2.5 - 0.5 * d)) : 0;
}

function held(at: number, size: number): number {
  return at < 0 ? 0 : at >= size ? size - 1 : at;
}

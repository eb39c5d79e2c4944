import { describe, expect, it } from 'vitest';
import { rgbToI420 } from './colour.ts';
import { type CropRange, cropRgb, I420Cropper } from './crop.ts';
import type { Rgb, Square } from './plane.ts';

const RANGE: CropRange = { black: 0, white: 1, outside: 'black' };

/** A smooth picture: red grows to the right, green downwards, blue is constant. */
function slope(width: number, height: number): Rgb {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([Math.round(40 + (150 * x) / width), Math.round(60 + (120 * y) / height), 90], (y * width + x) * 3);
    }
  }
  return { width, height, data };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, k) => Math.max(most, Math.abs(value - b[k]!)), 0);
}

describe('crops', () => {
  const squares: Record<string, Square> = {
    'upright inside': { cx: 40, cy: 30, size: 20, rotation: 0 },
    'turned, enlarged': { cx: 41.3, cy: 29.6, size: 11, rotation: 0.7 },
    'beyond two edges': { cx: 3, cy: 4, size: 30, rotation: -0.4 },
    'large, luma halved': { cx: 38, cy: 31, size: 60, rotation: 0.2 },
    'larger than the picture': { cx: 40, cy: 30, size: 100, rotation: 1.3 },
  };

  it.each(Object.entries(squares))('from I420 are those from RGB: %s', (_name, square) => {
    const rgb = slope(80, 62);
    const size = 16;
    for (const outside of ['black', 'edge'] as const) {
      const [fromRgb, fromI420] = [new Float32Array(size * size * 3), new Float32Array(size * size * 3)];

      cropRgb(rgb, square, size, fromRgb, { ...RANGE, outside });
      new I420Cropper().crop(rgbToI420(rgb), square, size, fromI420, { ...RANGE, outside });

      // Chroma has half the resolution: two steps of the slope, and rounding.
      expect(largestDifference(fromRgb, fromI420)).toBeLessThan(0.035);
    }
  });

  it('of pictures with odd sides are the same up to the edge', () => {
    const [odd, even] = [slope(79, 61), slope(80, 62)];
    const square = { cx: 39, cy: 30, size: 40, rotation: 0.1 };
    const [fromOdd, fromEven] = [new Float32Array(16 * 16 * 3), new Float32Array(16 * 16 * 3)];

    new I420Cropper().crop(rgbToI420(odd), square, 16, fromOdd, RANGE);
    cropRgb(even, square, 16, fromEven, RANGE);

    expect(largestDifference(fromOdd, fromEven)).toBeLessThan(0.05);
  });

  it('put the middle of the square in the middle, and turn clockwise with it', () => {
    const rgb: Rgb = { width: 9, height: 9, data: new Uint8Array(9 * 9 * 3) };
    rgb.data.set([255, 0, 0], (4 * 9 + 4) * 3);
    rgb.data.set([0, 255, 0], (4 * 9 + 6) * 3);
    const out = new Float32Array(9 * 9 * 3);

    cropRgb(rgb, { cx: 4.5, cy: 4.5, size: 9, rotation: Math.PI / 2 }, 9, out, RANGE);

    const at = (x: number, y: number): number[] => Array.from(out.subarray((y * 9 + x) * 3, (y * 9 + x) * 3 + 3));
    expect(at(4, 4)[0]).toBeCloseTo(1, 5);
    // A square turned clockwise sees what was right of its middle above it.
    expect(at(4, 2)[1]).toBeCloseTo(1, 5);
  });

  it('are black or the edge beyond the picture', () => {
    const rgb: Rgb = { width: 2, height: 2, data: new Uint8Array(12).fill(255) };
    const out = new Float32Array(4 * 4 * 3);
    const square = { cx: 1, cy: 1, size: 8, rotation: 0 };

    cropRgb(rgb, square, 4, out, { black: -1, white: 1, outside: 'black' });
    expect([out[0], out[(5 * 3) as number]]).toEqual([-1, 1]);

    cropRgb(rgb, square, 4, out, { black: -1, white: 1, outside: 'edge' });
    expect(new Set(out)).toEqual(new Set([1]));
  });
});

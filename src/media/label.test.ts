import { describe, expect, test } from 'vitest';
import { drawLabel, labelBox } from './label.ts';
import { allocI420 } from './plane.ts';

const sizes = [
  [640, 360],
  [1280, 720],
  [1920, 1080],
  [641, 359],
  [720, 1280],
  [40, 30],
  [2, 2],
] as const;

describe('drawLabel', () => {
  for (const [width, height] of sizes) {
    test(`changes pixels in its box only, in ${width} × ${height}`, () => {
      const picture = allocI420(width, height);
      picture.y.fill(128);
      picture.u.fill(60);
      const box = labelBox(width, height);
      drawLabel(picture);
      let wrong = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const inside = x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
          if ((picture.y[y * width + x] !== 128) !== inside) wrong++;
        }
      expect(wrong).toBe(0);
      expect(box.x % 2).toBe(0);
      expect(box.y % 2).toBe(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
    });
  }

  test('is legible on black, grey and white: letters at least 90 steps above the plate', () => {
    for (const ground of [16, 128, 235]) {
      const picture = allocI420(1280, 720);
      picture.y.fill(ground);
      drawLabel(picture);
      const { x, y, width, height } = labelBox(1280, 720);
      const seen = new Set<number>();
      for (let row = y; row < y + height; row++)
        for (let column = x; column < x + width; column++) seen.add(picture.y[row * 1280 + column]!);
      const values = [...seen].sort((a, b) => a - b);
      expect(values).toHaveLength(2);
      expect(values[1]! - values[0]!).toBeGreaterThanOrEqual(90);
    }
  });

  test('has letters at least 14 pixels high from 360 rows on and stays under a third of the width', () => {
    for (const [width, height] of sizes.slice(0, 4)) {
      const box = labelBox(width, height);
      expect((box.height * 7) / 13).toBeGreaterThanOrEqual(height >= 360 ? 13 : 6);
      expect(box.width).toBeLessThan(width / 3);
    }
  });
});

import { expect, test } from 'vitest';
import { boxMask } from './box-mask.ts';

test('a box mask is full inside, soft towards the edge, and the same from all sides', () => {
  const size = 128;
  const mask = boxMask(size);
  const at = (x: number, y: number): number => mask[y * size + x]!;

  const row = Array.from({ length: size / 2 }, (_, x) => at(x, 64));
  expect(row).toEqual([...row].sort((a, b) => a - b));
  // Half of it is left where the cut-off border of 9 pixels begins, all of it four deviations (19 pixels) further in.
  expect(Math.abs(at(8, 64) + at(9, 64) - 255)).toBeLessThanOrEqual(2);
  expect([at(28, 64), at(64, 64)]).toEqual([255, 255]);
  expect(at(0, 64)).toBeLessThan(20);
  for (let k = 0; k < size; k++)
    expect([at(127 - k, 30), at(30, k), at(30, 127 - k)]).toEqual([at(k, 30), at(k, 30), at(k, 30)]);
});

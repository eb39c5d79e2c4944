import { expect, test } from 'vitest';
import { Random } from '../../test/media/random.ts';
import { HALVES, halfValues, narrowFloat16, narrowFloats16, widenFloat16 } from './float16.ts';

test('every half comes back as it was', () => {
  const values = halfValues();
  for (let half = 0; half < HALVES; half++) {
    if (Number.isNaN(values[half]!)) expect(values[narrowFloat16(values[half]!)]).toBeNaN();
    // One comparison a half would be slow with expect().
    else if (narrowFloat16(values[half]!) !== half) expect(narrowFloat16(values[half]!)).toBe(half);
  }
});

test('what lies between two halves goes to the nearer, in the middle to the even one', () => {
  const [one, next] = [0x3c00, 0x3c01];

  expect(narrowFloat16(1 + 0.4 / 1024)).toBe(one);
  expect(narrowFloat16(1 + 0.6 / 1024)).toBe(next);
  expect(narrowFloat16(1 + 0.5 / 1024)).toBe(one);
  expect(narrowFloat16(1 + 1.5 / 1024)).toBe(0x3c02);
  expect(narrowFloat16(-65_519)).toBe(0xfbff);
  expect(narrowFloat16(65_520)).toBe(0x7c00);
  expect(narrowFloat16(2 ** -25)).toBe(0);
  expect(narrowFloat16(1.5 * 2 ** -24)).toBe(2);
  expect([...widenFloat16(Uint16Array.of(0x3c00, 0xc000))]).toEqual([1, -2]);
});

test('many numbers at once become the halves that each would become', () => {
  const random = new Random(1);
  const odd = [
    0,
    -0,
    1,
    65_504,
    65_519,
    65_520,
    2 ** -14,
    2 ** -14 - 2 ** -25,
    2 ** -25,
    -1e-9,
    Infinity,
    1 + 1.5 / 1024,
  ];
  const values = Float32Array.from([
    ...odd,
    ...Array.from({ length: 20_000 }, () => random.normal() * 2 ** (random.below(50) - 30)),
  ]);

  expect(narrowFloats16(values)).toEqual(Uint16Array.from(values, narrowFloat16));
});

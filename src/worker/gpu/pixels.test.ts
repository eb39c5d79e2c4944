import { expect, test } from 'vitest';
import { noiseCrop } from '../../../test/support/swap-recipes.ts';
import { PixelFill, PixelRead } from './pixels.ts';

const size = 16;
const elements = 3 * size * size;

test.each([
  { range: 'unit', half: false },
  { range: 'unit', half: true },
  { range: 'signed', half: false },
  { range: 'signed', half: true },
] as const)('pixels come back as they were through a tensor, $range, half $half', ({ range, half }) => {
  const pixels = Uint8Array.from([...noiseCrop(1, size), ...noiseCrop(2, size)]);
  const tensor = half ? new Uint16Array(2 * elements) : new Float32Array(2 * elements);
  const back = new Uint8Array(2 * elements);

  new PixelFill(range, { half }).fill(tensor, pixels, { crops: 2, size });
  new PixelRead(range, { half }).read(tensor, back, { crops: 2, size });

  expect(Buffer.compare(back, pixels)).toBe(0);
});

test('channels become planes, less mean and over deviation of each', () => {
  const tensor = new Float32Array(elements);

  new PixelFill('imagenet', { half: false }).fill(tensor, new Uint8Array(elements).fill(255), { crops: 1, size });

  const plane = size * size;
  const first = [tensor[0]!, tensor[plane]!, tensor[2 * plane]!];
  expect(first.map((value) => value.toFixed(3))).toEqual(['2.249', '2.429', '2.640']);
});

test('what a network gives beyond its range is clipped', () => {
  const tensor = new Float32Array(elements);
  tensor.set([-5, 7]);
  const pixels = new Uint8Array(elements);

  const broken = new PixelRead('unit', { half: false }).read(tensor, pixels, { crops: 1, size });

  expect([pixels[0], pixels[3]]).toEqual([0, 255]);
  expect(broken).toEqual([]);
});

test.each([
  { half: false, numbers: [NaN, Infinity] },
  { half: true, numbers: [0x7e00, 0xfc00] },
])('a crop with a number that is not finite is told, half $half', ({ half, numbers }) => {
  const tensor = half ? new Uint16Array(3 * elements) : new Float32Array(3 * elements);
  tensor[5] = numbers[0]!;
  tensor[3 * elements - 1] = numbers[1]!;
  const pixels = new Uint8Array(3 * elements);

  const broken = new PixelRead('unit', { half }).read(tensor, pixels, { crops: 3, size });

  expect(broken).toEqual([0, 2]);
});

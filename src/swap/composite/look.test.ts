import { describe, expect, test } from 'vitest';
import { sceneOf } from '../../../test/media/clip.ts';
import { allocI420, type I420 } from '../../media/plane.ts';
import { CropBuffer } from '../crop-buffer.ts';
import { blendCrop } from './blend.ts';
import { createLight, matchOf, measureLight, type Light } from './light.ts';
import { matchSharpness } from './sharpness.ts';

const SIDE = 96;

/** A picture with a face of this luma, and a crop of another over all of it. */
function pair(theirs: (x: number, y: number) => number, own: (x: number, y: number) => number) {
  const picture = allocI420(SIDE, SIDE);
  const crop = new CropBuffer();
  crop.layAround(picture, Float32Array.of(0, 0, SIDE, SIDE));
  for (let y = 0, k = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, k++) {
      picture.y[y * picture.strideY + x] = theirs(x, y);
      crop.luma[k] = own(x, y);
    }
  }
  picture.u.fill(120);
  picture.v.fill(140);
  crop.u.fill(100);
  crop.v.fill(160);
  crop.lumaMask.fill(255);
  crop.chromaMask.fill(255);
  return { picture, crop };
}

/** Mean size of the Laplacian. */
function detail(values: Uint8Array): number {
  let sum = 0;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const k = y * SIDE + x;
      sum += Math.abs(4 * values[k]! - values[k - 1]! - values[k + 1]! - values[k - SIDE]! - values[k + SIDE]!);
    }
  }
  return sum / (SIDE - 2) ** 2;
}
const wave = (height: number, period: number) => (x: number, y: number) =>
  128 + height * Math.sin((2 * Math.PI * x) / period) * Math.sin((2 * Math.PI * y) / period);

describe('the detail of a new face', () => {
  test('is brought towards that of the picture, by as much as is asked for, from either side', () => {
    for (const [theirs, own] of [
      [wave(30, 6), wave(20, 8)],
      [wave(10, 12), wave(30, 6)],
    ] as const) {
      const { picture, crop } = pair(theirs, own);
      const [before, wanted] = [detail(crop.luma), detail(picture.y)];
      matchSharpness(picture, crop, 0.5);
      const half = detail(crop.luma);
      const again = pair(theirs, own);
      matchSharpness(again.picture, again.crop, 1);
      const whole = detail(again.crop.luma);

      expect(Math.abs(wanted - half)).toBeLessThan(Math.abs(wanted - before));
      expect(Math.abs(wanted - whole)).toBeLessThan(Math.abs(wanted - half));
    }
  });

  test('of one grey stays none', () => {
    const { picture, crop } = pair(wave(30, 6), () => 128);
    matchSharpness(picture, crop, 1);
    expect(crop.luma.subarray(0, SIDE * SIDE).every((value) => value === 128)).toBe(true);
  });
});

describe('the colours of a new face', () => {
  const after = (
    colours: Parameters<typeof matchOf>[1],
    picture: I420,
    crop: CropBuffer,
    light: Light = createLight(),
  ) => {
    measureLight(picture, crop, matchOf('photo', colours), light);
    const blended = { ...picture, y: picture.y.slice(), u: picture.u.slice(), v: picture.v.slice() };
    blendCrop(blended, crop, light, 1);
    return blended;
  };

  test('stay as they were drawn with matching off, whatever was measured before', () => {
    const { picture, crop } = pair(wave(40, 30), wave(10, 24));
    const light = createLight();
    measureLight(picture, crop, 'skin', light);

    const shown = after('off', picture, crop, light);

    expect(Buffer.compare(shown.y, crop.luma.subarray(0, SIDE * SIDE))).toBe(0);
    expect([shown.u[5], shown.v[5]]).toEqual([100, 160]);
  });

  test('take the distribution of the caller’s with histograms, where mean and deviation leave another', () => {
    // A bright half and a dark one against an even slope: the same mean and nearly the same deviation.
    const { picture, crop } = pair(
      (x) => (x & 4 ? 100 : 160),
      (x, y) => 60 + (((x * 7 + y * 13) % 97) * 130) / 97,
    );
    const middle = ({ y }: I420): number => y.filter((value) => value > 115 && value < 145).length / y.length;

    const [spread, histogram] = [after('spread', picture, crop), after('histogram', picture, crop)];

    expect(middle(spread)).toBeGreaterThan(0.2);
    expect(middle(histogram)).toBeLessThan(middle(spread) / 2);
    expect([histogram.u[5], histogram.v[5]].every((value, k) => Math.abs(value! - [120, 140][k]!) <= 1)).toBe(true);
  });

  test('with histograms keep their order, on a real face', () => {
    const { picture } = sceneOf({ script: 'talk', width: 640, height: 480 }).draw(0);
    const crop = new CropBuffer();
    crop.layAround(picture, Float32Array.of(220, 140, 420, 340));
    crop.lumaMask.fill(255);
    crop.chromaMask.fill(255);
    crop.luma.forEach((_, k) => (crop.luma[k] = 80 + (k % 90)));
    const light = createLight();
    measureLight(picture, crop, 'histogram', light);
    expect(light.luma.every((value, k) => k === 0 || value >= light.luma[k - 1]!)).toBe(true);
  });
});

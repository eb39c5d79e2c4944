import { describe, expect, test } from 'vitest';
import { psnr } from '../../../../test/media/psnr.ts';
import { Random } from '../../../../test/media/random.ts';
import { markedPortrait, scaled } from '../../../../test/support/portraits.ts';
import { rgbToI420 } from '../../../media/colour.ts';
import type { Box, I420 } from '../../../media/plane.ts';
import { blendCrop } from '../../composite/blend.ts';
import { createLight } from '../../composite/light.ts';
import { CropBuffer } from '../../crop-buffer.ts';
import { Cutter, cutRgb } from './cutter.ts';
import { fivePoints } from './five-points.ts';
import { Paster } from './paster.ts';
import { fitSimilarity, invert, type Similarity } from './similarity.ts';
import { templatePoints } from './templates.ts';

const apply = ({ a, b, tx, ty }: Similarity, points: Float32Array): Float32Array =>
  points.map((_, i) => {
    const [x, y] = [points[i & ~1]!, points[i | 1]!];
    return i % 2 === 0 ? a * x - b * y + tx : b * x + a * y + ty;
  });
const turned = (scale: number, degrees: number, tx: number, ty: number): Similarity => {
  const angle = (degrees * Math.PI) / 180;
  return { a: scale * Math.cos(angle), b: scale * Math.sin(angle), tx, ty };
};
const copy = (p: I420): I420 => ({ ...p, y: p.y.slice(), u: p.u.slice(), v: p.v.slice() });

describe('a similarity', () => {
  test('is found exactly where one fits, whatever its turn and scale', () => {
    const random = new Random(1);
    for (let k = 0; k < 200; k++) {
      const truth = turned(random.between(0.1, 5), random.between(-180, 180), random.between(-900, 900), 40);
      const points = Float32Array.from({ length: 10 }, () => random.between(0, 300));
      const found = fitSimilarity(points, apply(truth, points))!;
      for (const key of ['a', 'b'] as const) expect(found[key]).toBeCloseTo(truth[key], 4);
      for (const key of ['tx', 'ty'] as const) expect(Math.abs(found[key] - truth[key])).toBeLessThan(0.01);
    }
  });

  test('lies nearest where none fits: any other leaves more between the points', () => {
    const random = new Random(2);
    const points = Float32Array.from({ length: 10 }, () => random.between(0, 100));
    const goals = points.map((value) => value * 1.3 + random.normal() * 6);
    const left = (similarity: Similarity) =>
      apply(similarity, points).reduce((sum, value, i) => sum + (value - goals[i]!) ** 2, 0);
    const best = fitSimilarity(points, goals)!;
    for (const key of ['a', 'b', 'tx', 'ty'] as const) {
      for (const change of [-0.01, 0.01]) {
        expect(left({ ...best, [key]: best[key] + change })).toBeGreaterThan(left(best));
      }
    }
  });

  test('is none for points in one place, and for what is not a number', () => {
    const points = templatePoints('arcface_128', 128);
    expect(fitSimilarity(new Float32Array(10).fill(7), points)).toBeUndefined();
    expect(fitSimilarity(new Float32Array(10).fill(NaN), points)).toBeUndefined();
  });

  test('there and back is where it began', () => {
    const there = turned(0.37, 21, 12, -30);
    const points = Float32Array.from([0, 0, 128, 5, 3, 99]);
    apply(invert(there), apply(there, points)).forEach((value, i) => expect(value).toBeCloseTo(points[i]!, 3));
  });
});

describe('the five points of the mesh', () => {
  /** Root mean square of what is left between face and template, pixels of a crop of 128. */
  function residual(name: 'astronaut' | 'hopper'): number {
    const points = fivePoints(markedPortrait(name).landmarks);
    const goals = templatePoints('arcface_128', 128);
    const fitted = apply(fitSimilarity(points, goals)!, points);
    return Math.sqrt(fitted.reduce((sum, value, i) => sum + (value - goals[i]!) ** 2, 0) / 5);
  }

  test('fit the template of a face that is at rest, and of a wide smile not much worse', () => {
    expect(residual('hopper')).toBeLessThan(2);
    expect(residual('astronaut')).toBeLessThan(5.5);
  });
});

describe('an aligned crop', () => {
  /** How a face of the portrait lies in a crop of this size; turned by so many degrees first. */
  function placed(factor: number, size: number) {
    const { picture, landmarks } = scaled(markedPortrait('hopper'), factor);
    const toPicture = invert(fitSimilarity(fivePoints(landmarks), templatePoints('arcface_128', size))!);
    return { photo: picture, picture: rgbToI420(picture), toPicture };
  }

  test('shows the same face whether the picture is large or small', () => {
    const size = 64;
    const [large, small] = [placed(1, size), placed(0.25, size)];
    const crops = [large, small].map(({ picture, toPicture }) => {
      const out = new Uint8Array(size * size * 3);
      new Cutter(size).cut(picture, toPicture, out);
      return rgbToI420({ width: size, height: size, data: out });
    });
    expect(psnr(crops[0]!, crops[1]!)).toBeGreaterThan(28);
  });

  test('of a photo is that of the same picture in I420', () => {
    const size = 112;
    const { photo, picture, toPicture } = placed(0.7, size);
    const out = new Uint8Array(size * size * 3);
    new Cutter(size).cut(picture, toPicture, out);
    const [a, b] = [out, cutRgb(photo, toPicture, size)].map((data) => rgbToI420({ width: size, height: size, data }));
    expect(psnr(a!, b!)).toBeGreaterThan(40);
  });

  test('does not care how pixels lie in their rows, nor what lies beside the picture', () => {
    const size = 64;
    const { picture, toPicture } = placed(0.5, size);
    const wide = { ...picture, strideY: picture.width + 13, y: new Uint8Array((picture.width + 13) * picture.height) };
    for (let row = 0; row < picture.height; row++) {
      wide.y.set(picture.y.subarray(row * picture.width, (row + 1) * picture.width), row * wide.strideY);
    }
    const [a, b] = [picture, wide].map((from) => {
      const out = new Uint8Array(size * size * 3);
      new Cutter(size).cut(from, toPicture, out);
      return out;
    });
    expect(a).toEqual(b);
  });

  /** Cuts, pastes what was cut, and gives the picture before and after, with the box that was written. */
  function pasted(factor: number, size: number, mask: number, [right = 0, down = 0]: readonly number[] = []) {
    const { picture, toPicture } = placed(factor, size);
    const beside = { ...toPicture, tx: toPicture.tx + right, ty: toPicture.ty + down };
    const rgb = new Uint8Array(size * size * 3);
    new Cutter(size).cut(picture, toPicture, rgb);
    const pixels = { rgb, mask: new Uint8Array(size * size).fill(mask) };
    const crop = new CropBuffer();
    expect(new Paster(size).paste(picture, beside, pixels, crop)).toBe(true);
    const after = copy(picture);
    blendCrop(after, crop, createLight(), 1);
    const box: Box = { x: crop.x, y: crop.y, width: crop.width, height: crop.height };
    return { before: picture, after, box };
  }

  test.each([
    { factor: 0.5, size: 128, least: 29 },
    { factor: 0.5, size: 256, least: 33 },
    { factor: 0.25, size: 256, least: 31 },
    { factor: 1, size: 128, least: 26.5 },
  ])('that is pasted back as it was leaves the picture nearly so [×$factor, $size]', ({ factor, size, least }) => {
    const { before, after, box } = pasted(factor, size, 255);
    const kept = psnr(before, after, { within: box });
    expect(kept).toBeGreaterThan(least);
    expect(psnr(before, after, { without: [box] })).toBe(99);
    // It lies where it was to a fraction of a pixel: moved by a quarter in any direction it fits less.
    for (const moved of [
      [0.25, 0],
      [-0.25, 0],
      [0, 0.25],
      [0, -0.25],
    ]) {
      expect(psnr(before, pasted(factor, size, 255, moved).after, { within: box })).toBeLessThan(kept);
    }
  });

  test('changes nothing where its mask is 0', () => {
    const { before, after } = pasted(0.5, 128, 0);
    expect(after).toEqual(before);
  });

  test('is refused where it lies beside the picture', () => {
    const { picture } = placed(0.5, 64);
    const pixels = { rgb: new Uint8Array(64 * 64 * 3), mask: new Uint8Array(64 * 64) };
    const beside = turned(1, 0, picture.width + 10, 0);
    expect(new Paster(64).paste(picture, beside, pixels, new CropBuffer())).toBe(false);
  });
});

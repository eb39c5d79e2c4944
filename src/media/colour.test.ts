import { describe, expect, it } from 'vitest';
import { i420ToRgb, rgbToI420 } from './colour.ts';
import type { Rgb } from './plane.ts';

function picture(width: number, height: number, colour: (x: number, y: number) => readonly number[]): Rgb {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, data };
}

describe('colour conversion', () => {
  it.each([
    ['black', [0, 0, 0], [16, 128, 128]],
    ['white', [255, 255, 255], [235, 128, 128]],
    ['red', [255, 0, 0], [81, 90, 240]],
    ['green', [0, 255, 0], [145, 54, 34]],
    ['blue', [0, 0, 255], [41, 240, 110]],
    ['grey', [128, 128, 128], [126, 128, 128]],
  ])('gives %s as BT.601 says, in limited range, and back', (_, rgb, yuv) => {
    const source = picture(6, 4, () => rgb);
    const { y, u, v } = rgbToI420(source);
    expect([y[7], u[3], v[3]]).toEqual(yuv);
    const back = i420ToRgb(rgbToI420(source));
    for (const [at, value] of back.data.entries()) expect(Math.abs(value - rgb[at % 3]!)).toBeLessThanOrEqual(2);
  });

  it.each([
    [2, 2],
    [3, 3],
    [7, 2],
    [2, 9],
    [641, 359],
  ])('takes %i × %i pixels', (width, height) => {
    const smooth = picture(width, height, (x, y) => [40 + (x % 60) * 2, 90, 60 + (y % 60) * 2]);
    const planes = rgbToI420(smooth);
    expect(planes.u.length).toBe(Math.ceil(width / 2) * Math.ceil(height / 2));
    const back = i420ToRgb(planes);
    expect([back.width, back.height]).toEqual([width, height]);
    const error = back.data.reduce((sum, value, at) => sum + Math.abs(value - smooth.data[at]!), 0) / back.data.length;
    expect(error).toBeLessThan(4);
  });

  it('averages chroma over four pixels, and interpolates it back', () => {
    const edge = picture(8, 2, (x) => (x < 4 ? [200, 40, 40] : [40, 40, 200]));
    const { u } = rgbToI420(edge);
    expect(u[1]).toBe(u[0]);
    expect(u[2]! - u[1]!).toBeGreaterThan(60);
    const back = i420ToRgb(rgbToI420(edge)).data;
    // Red falls steadily across the edge: no ringing, no step to the wrong side.
    const red = Array.from({ length: 8 }, (_, x) => back[x * 3]!);
    expect(red[0]).toBeGreaterThan(190);
    expect(red[7]).toBeLessThan(50);
  });
});

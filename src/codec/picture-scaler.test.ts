import { describe, expect, it } from 'vitest';
import { movingPicture, psnr } from '../../test/support/moving-picture.ts';
import { allocI420, type I420 } from '../media/plane.ts';
import { PictureScaler } from './picture-scaler.ts';
import { WorkPicture } from './work-picture.ts';

function scaled(source: I420, width: number, height: number): I420 {
  const [from, into] = [new WorkPicture(), new WorkPicture()];
  from.load(source);
  const scaler = new PictureScaler();
  scaler.scale(from, into, { width, height });
  scaler.close();
  return into.picture;
}

/** The mean of the area that each new sample covers, in floating point: slow and right. */
function plane(from: Uint8Array, stride: number, [w, h]: number[], [width, height]: number[]): Uint8Array {
  const out = new Uint8Array(width! * height!);
  const cover = (at: number, scale: number) => {
    const [a, b] = [at * scale, (at + 1) * scale];
    const cells = [];
    for (let k = Math.floor(a); k < b - 1e-9; k++) cells.push([k, Math.min(b, k + 1) - Math.max(a, k)] as const);
    return cells;
  };
  for (let y = 0; y < height!; y++) {
    for (let x = 0; x < width!; x++) {
      let [sum, area] = [0, 0];
      for (const [j, v] of cover(y, h! / height!)) {
        for (const [i, u] of cover(x, w! / width!)) {
          sum += from[j * stride + i]! * u * v;
          area += u * v;
        }
      }
      out[y * width! + x] = Math.round(sum / area);
    }
  }
  return out;
}

function byArea(source: I420, width: number, height: number): I420 {
  const half = (side: number) => (side + 1) >> 1;
  const [full, into] = [
    [source.width, source.height],
    [width, height],
  ];
  const chroma = [full.map(half), into.map(half)] as const;
  return {
    ...allocI420(width, height),
    y: plane(source.y, source.strideY, full, into),
    u: plane(source.u, source.strideUv, ...chroma),
    v: plane(source.v, source.strideUv, ...chroma),
  };
}

describe('PictureScaler', () => {
  it.each([
    [1280, 720, 960, 540],
    [1280, 720, 640, 360],
    [1920, 1080, 1280, 720],
    [641, 483, 480, 360],
    [270, 480, 202, 360],
  ])('gives the means of areas for %i × %i to %i × %i', (width, height, toWidth, toHeight) => {
    const source = movingPicture(width, height, 5);
    const [is, should] = [scaled(source, toWidth, toHeight), byArea(source, toWidth, toHeight)];
    expect(psnr(is, should)).toBeGreaterThan(45);
    const asLuma = (picture: I420, y: Uint8Array): I420 => ({
      ...picture,
      y,
      strideY: picture.strideUv,
      width: toWidth / 2,
      height: toHeight / 2,
    });
    expect(psnr(asLuma(is, is.u), asLuma(should, should.u))).toBeGreaterThan(40);
    expect(psnr(asLuma(is, is.v), asLuma(should, should.v))).toBeGreaterThan(40);
  });

  it('leaves flat colours as they are, black and white too', () => {
    for (const value of [16, 128, 235]) {
      const source = allocI420(640, 480);
      source.y.fill(value);
      source.u.fill(240);
      const { y, u, strideY, strideUv } = scaled(source, 480, 360);
      expect([y[0], y[479], y[359 * strideY + 479], u[0], u[179 * strideUv + 239]]).toEqual([
        value,
        value,
        value,
        240,
        240,
      ]);
    }
  });

  it('follows changes of size', () => {
    const scaler = new PictureScaler();
    const [from, into] = [new WorkPicture(), new WorkPicture()];
    for (const [width, height] of [
      [640, 480],
      [1280, 720],
      [640, 480],
    ] as const) {
      from.load(movingPicture(width, height, 1));
      scaler.scale(from, into, { width: width / 2, height: height / 2 });
      expect([into.picture.width, into.picture.height]).toEqual([width / 2, height / 2]);
      expect(psnr(into.picture, byArea(from.picture, width / 2, height / 2))).toBeGreaterThan(45);
    }
    scaler.close();
    scaler.close();
    from.close();
    into.close();
  });
});

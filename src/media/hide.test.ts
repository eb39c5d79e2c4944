import { describe, expect, test } from 'vitest';
import { hideAll, hideFace, type Ellipse } from './hide.ts';
import { allocI420, type I420 } from './plane.ts';

/** Noise in every pixel, the same for a seed, with padding beyond each row. */
function noise(width: number, height: number, seed: number): I420 {
  const padding = 7;
  const chroma = ((width + 1) >> 1) + padding;
  let state = seed;
  const fill = (bytes: number) => {
    const plane = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) plane[i] = (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
    return plane;
  };
  const rows = (height + 1) >> 1;
  return {
    width,
    height,
    y: fill((width + padding) * height),
    u: fill(chroma * rows),
    v: fill(chroma * rows),
    strideY: width + padding,
    strideUv: chroma,
  };
}

const copy = (p: I420): I420 => ({ ...p, y: p.y.slice(), u: p.u.slice(), v: p.v.slice() });

const inside = (e: Ellipse, x: number, y: number) => ((x - e.cx) / e.rx) ** 2 + ((y - e.cy) / e.ry) ** 2 <= 1;

/** Largest step between neighbours in a row, over the pixels that lie in the ellipse. */
function roughest(p: I420, e: Ellipse): number {
  let worst = 0;
  for (let y = 0; y < p.height; y++)
    for (let x = 1; x < p.width; x++)
      if (inside(e, x - 0.5, y + 0.5) && inside(e, x + 0.5, y + 0.5))
        worst = Math.max(worst, Math.abs(p.y[y * p.strideY + x]! - p.y[y * p.strideY + x - 1]!));
  return worst;
}

describe('hideFace', () => {
  const heads: Record<string, Ellipse> = {
    'in the middle': { cx: 160, cy: 120, rx: 70, ry: 90 },
    'beyond the upper left corner': { cx: 5, cy: 3, rx: 60, ry: 70 },
    'beyond the lower right corner': { cx: 318, cy: 240, rx: 60, ry: 70 },
    'larger than the picture': { cx: 100, cy: 100, rx: 500, ry: 600 },
    'a few pixels large': { cx: 50.5, cy: 60.5, rx: 3, ry: 4 },
    'at odd fractions': { cx: 33.3, cy: 77.7, rx: 21.1, ry: 29.9 },
  };
  for (const [place, head] of Object.entries(heads)) {
    test(`leaves nothing of the noise in an ellipse ${place}`, () => {
      const picture = noise(321, 243, 7);
      hideFace(picture, head);
      expect(roughest(picture, head)).toBeLessThanOrEqual(24);
    });
  }

  test('changes nothing outside the ellipse but its rounded rim', () => {
    const before = noise(321, 243, 3);
    const after = copy(before);
    const head = { cx: 160, cy: 120, rx: 70, ry: 90 };
    hideFace(after, head);
    const rim = { ...head, rx: head.rx + 10, ry: head.ry + 10 };
    let changed = 0;
    for (let y = 0; y < before.height; y++)
      for (let x = 0; x < before.strideY; x++)
        if (x >= before.width || !inside(rim, x + 0.5, y + 0.5))
          if (after.y[y * after.strideY + x] !== before.y[y * after.strideY + x]) changed++;
    expect(changed).toBe(0);
  });

  test('keeps at most 12 × 12 values apart: detail finer than a cell gives the same picture', () => {
    const flat = allocI420(240, 240);
    const striped = allocI420(240, 240);
    for (let y = 0; y < 240; y++)
      for (let x = 0; x < 240; x++) {
        flat.y[y * 240 + x] = 100;
        striped.y[y * 240 + x] = (x + y) & 1 ? 180 : 20;
      }
    const head = { cx: 120, cy: 120, rx: 120, ry: 120 };
    hideFace(flat, head);
    hideFace(striped, head);
    let worst = 0;
    for (let i = 0; i < flat.y.length; i++)
      if (inside(head, (i % 240) + 0.5, Math.floor(i / 240) + 0.5))
        worst = Math.max(worst, Math.abs(flat.y[i]! - striped.y[i]!));
    // A cell's mean is taken from a sample of its pixels.
    expect(worst).toBeLessThanOrEqual(80);
    expect(roughest(striped, head)).toBeLessThanOrEqual(8);
  });

  test('keeps the mean light and colour', () => {
    const picture = allocI420(200, 200);
    picture.y.fill(140);
    picture.u.fill(90);
    picture.v.fill(170);
    hideFace(picture, { cx: 100, cy: 100, rx: 80, ry: 90 });
    expect(new Set(picture.y)).toEqual(new Set([140]));
    expect(new Set(picture.u)).toEqual(new Set([90]));
    expect(new Set(picture.v)).toEqual(new Set([170]));
  });
});

describe('hideAll', () => {
  for (const [width, height] of [
    [641, 359],
    [2, 2],
    [3, 5],
    [1280, 720],
  ] as const) {
    test(`leaves no detail in ${width} × ${height}, padding untouched`, () => {
      const before = noise(width, height, 11);
      const after = copy(before);
      hideAll(after);
      const whole = { cx: width / 2, cy: height / 2, rx: width * 2, ry: height * 2 };
      expect(roughest(after, whole)).toBeLessThanOrEqual(width < 8 ? 255 : 20);
      let changed = 0;
      for (let y = 0; y < height; y++)
        for (let x = width; x < before.strideY; x++)
          if (after.y[y * after.strideY + x] !== before.y[y * before.strideY + x]) changed++;
      expect(changed).toBe(0);
    });
  }
});

import { beforeAll, expect, test } from 'vitest';
import { ModelStore } from '../../onnx/model-store.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import { MaskBox, MASKS } from './paint.ts';
import { maskThumbnail } from './thumbnail.ts';

let geometry: FaceGeometry;
let box: MaskBox;

beforeAll(async () => {
  geometry = await new ModelStore().geometry();
  box = new MaskBox(geometry);
});

test('there are at least five masks with names of their own', () => {
  expect(MASKS.length).toBeGreaterThanOrEqual(5);
  expect(new Set(MASKS.map(({ name }) => name)).size).toBe(MASKS.length);
  for (const { name } of MASKS) expect(name).toMatch(/^[a-z]+$/);
});

test('a mask is an identity without consent, the same each time it is asked for', () => {
  const mask = box.mask('porcelain')!;
  expect(mask).toMatchObject({ id: 'mask:porcelain', kind: 'mask' });
  expect(mask.consent).toBeUndefined();
  expect(mask.points).toHaveLength(468 * 2);
  expect(box.mask('porcelain')).toBe(mask);
  expect(new MaskBox(geometry).mask('porcelain')).toEqual(mask);
});

test('an unknown name is no mask', () => {
  expect(box.mask('nobody')).toBeUndefined();
});

test('any two masks differ clearly in what they show', () => {
  const faces = MASKS.map(({ name }) => box.mask(name)!);
  for (const [i, a] of faces.entries()) {
    for (const b of faces.slice(i + 1)) {
      let sum = 0;
      // The middle of the texture, where every mask is painted.
      for (let row = 100; row < 300; row++) {
        for (let k = row * a.width + 80; k < row * a.width + 300; k++) {
          sum += Math.abs(a.y[k]! - b.y[k]!) + Math.abs(a.u[k]! - b.u[k]!) + Math.abs(a.v[k]! - b.v[k]!);
        }
      }
      expect(sum / (200 * 220), `${a.id} and ${b.id}`).toBeGreaterThan(18);
    }
  }
});

test('a thumbnail shows the mask on a plain ground', () => {
  const { width, height, data } = maskThumbnail(box.mask('tiger')!, geometry);
  expect([width, height]).toEqual([256, 256]);
  const at = (x: number, y: number): number[] => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  const [cornerRed, , cornerBlue] = at(4, 4);
  expect(Math.max(cornerRed!, cornerBlue!)).toBeLessThan(70);
  const [red, , blue] = at(160, 75);
  expect(red! - blue!).toBeGreaterThan(60);
});

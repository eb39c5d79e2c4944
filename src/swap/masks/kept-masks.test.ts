import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelCache } from '../../onnx/model-cache.ts';
import { ModelStore } from '../../onnx/model-store.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import { openMasks } from './kept-masks.ts';
import { MASKS } from './paint.ts';

let geometry: FaceGeometry;
const folder = mkdtempSync(join(tmpdir(), 'guise-masks-'));
beforeAll(async () => {
  geometry = await new ModelStore().geometry();
});
afterAll(() => rmSync(folder, { recursive: true }));

test('masks come back from disk as they were painted, and one that was cut short is painted again', async () => {
  const painted = await openMasks(geometry, new ModelCache(folder));
  const files = readdirSync(folder);
  expect(files).toHaveLength(MASKS.length);
  truncateSync(join(folder, files[0]!), 1000);
  const kept = await openMasks(geometry, new ModelCache(folder));
  for (const { name } of MASKS) {
    const [one, other] = [painted.mask(name)!, kept.mask(name)!];
    expect(other).toMatchObject({ id: one.id, kind: 'mask', width: one.width, height: one.height });
    for (const field of ['y', 'u', 'v', 'points'] as const) {
      expect(other[field].constructor).toBe(one[field].constructor);
      expect(Buffer.from(other[field].buffer).equals(Buffer.from(one[field].buffer))).toBe(true);
    }
  }
  expect(kept.mask('nobody')).toBeUndefined();
});

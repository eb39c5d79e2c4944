import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { installedPackage } from './asset.ts';
import { ModelStore } from './model-store.ts';

const root = mkdtempSync(join(tmpdir(), 'guise-models-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let cacheFolder: string;
beforeEach(() => {
  cacheFolder = mkdtempSync(join(root, 'cache-'));
});

describe('ModelStore', () => {
  it('converts a model once and keeps it', async () => {
    const first = await new ModelStore({ cacheFolder }).onnx('shortRange');

    const [file] = readdirSync(cacheFolder);
    const onlyCache = new ModelStore({ cacheFolder, packageFolder: () => '/nowhere' });
    const second = await onlyCache.onnx('shortRange');
    expect(file).toMatch(/^[0-9a-f]{64}-\d+\.onnx$/);
    expect(Buffer.compare(first, second)).toBe(0);
  });

  it('makes a kept model again that was changed or cut short', async () => {
    const store = new ModelStore({ cacheFolder });
    const good = await store.onnx('shortRange');
    const file = join(cacheFolder, readdirSync(cacheFolder)[0]!);
    const kept = readFileSync(file);
    for (const bad of [kept.subarray(0, 1000), Buffer.alloc(0), Buffer.from(kept).fill(7, 5000, 5001)]) {
      writeFileSync(file, bad);

      const again = await store.onnx('shortRange');

      expect(Buffer.compare(again, good)).toBe(0);
      expect(Buffer.compare(readFileSync(file), kept)).toBe(0);
    }
  });

  it('works where the cache cannot be written', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');

    const model = await new ModelStore({ cacheFolder: join(file, 'below') }).onnx('shortRange');

    expect(model.length).toBeGreaterThan(400_000);
  });

  it('refuses an asset whose bytes are not those that were pinned', async () => {
    const packageFolder = (): string => join(root, 'changed');
    mkdirSync(packageFolder(), { recursive: true });
    const name = 'face_detection_full_range.tflite';
    cpSync(join(installedPackage('@mediapipe/face_detection'), name), join(packageFolder(), name));
    const bytes = readFileSync(join(packageFolder(), name));
    bytes[100_000]! ^= 1;
    writeFileSync(join(packageFolder(), name), bytes);

    const opening = new ModelStore({ cacheFolder, packageFolder }).open('fullRange');

    await expect(opening).rejects.toMatchObject({ code: 'asset_corrupt' });
    expect(readdirSync(cacheFolder)).toEqual([]);
  });

  it('says which package is missing', async () => {
    const opening = new ModelStore({ cacheFolder, packageFolder: () => '/nowhere' }).open('mesh');

    await expect(opening).rejects.toMatchObject({
      code: 'asset_missing',
      message: expect.stringContaining('@mediapipe/face_mesh@0.4.1633559619') as string,
    });
  });

  it('reads the canonical face: a closed mesh with one outline', async () => {
    const { positions, texture, triangles, oval, rigid } = await new ModelStore({ cacheFolder }).geometry();

    expect([positions.length, texture.length, triangles.length]).toEqual([468 * 3, 468 * 2, 898 * 3]);
    expect(oval.length).toBe(36);
    expect(oval[0]).toBe(10);
    expect(oval).toContain(152);
    expect(Math.max(...triangles)).toBe(467);
    expect(rigid.vertices.length).toBe(rigid.weights.length);
    // The nose tip is in the middle and nearest to the camera.
    expect(positions[4 * 3]).toBeCloseTo(0, 3);
    expect(positions[4 * 3 + 2]).toBeGreaterThan(positions[152 * 3 + 2]!);
  });
});

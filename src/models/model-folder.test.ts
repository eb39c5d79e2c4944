import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { INSWAPPER, modelFile, swapGraph } from '../../test/support/model-files.ts';
import { MANIFEST } from './manifest.ts';
import { ModelFolder, type ModelFolderOptions } from './model-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'guise-models-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function models(options: Partial<ModelFolderOptions> = {}): ModelFolder {
  return new ModelFolder({ folder: join(root, 'kept'), allowNonCommercial: true, ...options });
}

function write(name: string, graph = INSWAPPER): string {
  return modelFile(root, name, graph);
}

describe('a file that is added', () => {
  test('is known by its digest, whatever its name', async () => {
    const file = write('renamed.onnx', swapGraph(256));
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    const manifest = MANIFEST.map((model) =>
      model.name === 'hyperswap_1b_256' ? { ...model, copies: [{ by: 'a test', sha256 }] } : model,
    );
    const folder = models({ manifest });

    expect(await folder.add(file)).toMatchObject({ model: { name: 'hyperswap_1b_256' }, by: 'sha256' });
    expect(await folder.verify()).toMatchObject([{ published: true, problem: undefined }]);
    await expect(folder.add(file, { as: 'simswap_256' })).rejects.toThrow(
      /must be simswap_256, it is hyperswap_1b_256/,
    );
  });

  test('is known by its graph, with both precisions told apart', async () => {
    const full = await models().add(write('a.onnx'));
    const half = await models().add(write('b.onnx', { ...INSWAPPER, weights: 'float16' }));

    expect([full.model.name, full.by]).toEqual(['inswapper_128', 'signature']);
    expect(half.model.name).toBe('inswapper_128_fp16');
    expect(readFileSync(models().file(full.model)).equals(readFileSync(join(root, 'a.onnx')))).toBe(true);
  });

  test('is known by its name, or by the one that is given, where several models have its graph', async () => {
    const unknown = write('swap.onnx', swapGraph(256));

    await expect(models().add(unknown)).rejects.toThrow(/may be hyperswap_1a_256.*ghost_1_256.*--as/);
    expect(await models().add(unknown, { as: 'ghost_2_256' })).toMatchObject({ by: 'name' });
    expect((await models().add(write('simswap_256.onnx', swapGraph(256)))).model.name).toBe('simswap_256');
  });

  test('may have any name for the one input that a recogniser has', async () => {
    const graph = { inputs: { 'input.1': ['batch', 3, 112, 112] }, output: ['batch', 512] };

    expect((await models().add(write('w600k_r50.onnx', graph))).model.name).toBe('arcface_w600k_r50');
  });
});

describe('a file that is refused', () => {
  test('is one of another model under this name: tensor and shape are told', async () => {
    const file = write('hyperswap_1a_256.onnx', swapGraph(128));

    await expect(models().add(file)).rejects.toMatchObject({
      code: 'model_unsupported',
      message: expect.stringContaining('n×3×256×256 [input:target] [shape:n×3×128×128]') as string,
    });
  });

  test('lacks an input, has one too many, or not the matrix', async () => {
    const picture = { inputs: { target: ['n', 3, 128, 128], face: ['n', 512] }, output: ['n', 3, 128, 128] };
    const more = { ...INSWAPPER, inputs: { ...INSWAPPER.inputs, mask: ['n', 1, 128, 128] } };

    await expect(models().add(write('inswapper_128.onnx', picture))).rejects.toThrow(
      /input source, n×512 \[input:none\]/,
    );
    await expect(models().add(write('inswapper_128.onnx', more))).rejects.toThrow(/no input but .*\[input:mask\]/);
    await expect(models().add(write('inswapper_128.onnx', swapGraph(128)))).rejects.toThrow(
      /last initializer must be 512×512 \[shape:any\]/,
    );
  });

  test('was cut short, wherever', async () => {
    const whole = readFileSync(write('inswapper_128.onnx'));
    const file = join(root, 'inswapper_128.onnx');

    for (const length of [whole.length - 1, whole.length - 8, whole.length >> 1, 300, 20]) {
      truncateSync(file, length);
      await expect(models().add(file)).rejects.toMatchObject({ code: 'asset_corrupt' });
      writeFileSync(file, whole);
    }
  });

  test('is no ONNX file, or not there', async () => {
    const page = join(root, 'inswapper_128.onnx');
    for (const content of ['<!doctype html><p>Not found', '']) {
      writeFileSync(page, content);
      await expect(models().add(page)).rejects.toMatchObject({ code: 'model_unsupported' });
    }

    await expect(models().add(join(root, 'none.onnx'))).rejects.toMatchObject({ code: 'file_unreadable' });
    await expect(models().add(root)).rejects.toMatchObject({ code: 'file_unreadable' });
  });

  test('is none that is known: what was expected is told', async () => {
    const file = write('other.onnx', swapGraph(192));

    await expect(models().add(file)).rejects.toThrow(/target n×3×128×128.*\[graph:target n×3×192×192 float32/);
  });

  test('is not for commercial use, unless that is allowed', async () => {
    const strict = models({ allowNonCommercial: false });

    await expect(strict.add(write('inswapper_128.onnx'))).rejects.toMatchObject({ code: 'forbidden' });
    expect(existsSync(strict.folder)).toBe(false);
    expect(await strict.add(write('ghost_1_256.onnx', swapGraph(256)))).toMatchObject({
      model: { name: 'ghost_1_256' },
    });
  });
});

describe('the folder', () => {
  test('finds a file that was changed, cut or exchanged since it was added', async () => {
    const folder = models();
    const { model } = await folder.add(write('inswapper_128.onnx'));
    const file = folder.file(model);
    expect(await folder.verify()).toMatchObject([{ published: false, problem: undefined }]);

    const whole = readFileSync(file);
    const changed = Buffer.from(whole);
    changed[changed.length >> 1]! ^= 1; // amid the matrix
    writeFileSync(file, changed);
    expect(await folder.verify()).toMatchObject([{ problem: { code: 'asset_corrupt' } }]);
    writeFileSync(file, whole.subarray(0, 1000));
    expect(await folder.verify()).toMatchObject([
      { problem: { message: expect.stringContaining('ends too early') as string } },
    ]);
    renameSync(write('x.onnx', swapGraph(256)), file);
    expect(await folder.verify()).toMatchObject([{ problem: { code: 'model_unsupported' } }]);
  });

  test('lists what is there, and removes it', async () => {
    const folder = models();
    await folder.add(write('inswapper_128.onnx'));
    const there = async (): Promise<string[]> =>
      (await folder.list()).filter(({ bytes }) => bytes !== undefined).map(({ model }) => model.name);

    expect(await there()).toEqual(['inswapper_128']);
    await folder.remove('inswapper_128');
    expect(await there()).toEqual([]);
    await expect(folder.remove('inswapper_128')).rejects.toMatchObject({ code: 'not_found' });
  });
});

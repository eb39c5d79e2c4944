import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { INSWAPPER, modelFile, swapGraph } from '../../test/support/model-files.ts';
import { runGuise, type Told } from '../../test/support/run-guise.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'guise-models-'));
  vi.stubEnv('GUISE_MODELS', join(root, 'kept'));
  vi.stubEnv('GUISE_ALLOW_NON_COMMERCIAL', '1');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function models(...args: string[]): Promise<Told> {
  return runGuise(['models', ...args]);
}

describe('guise models', () => {
  test('adds, lists, verifies and removes', async () => {
    const file = modelFile(root, 'any.onnx', INSWAPPER);

    expect(await models('add', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining('inswapper_128: ') as string,
    });
    expect((await models('list')).out).toMatch(
      /inswapper_128 +swap +2 MB +non-commercial research only \(InsightFace\)/,
    );
    expect(await models('verify')).toMatchObject({ code: 0, out: 'inswapper_128: ok, its graph fits\n' });
    expect(await models('remove', 'inswapper_128')).toMatchObject({ code: 0 });
    expect(await models('verify')).toMatchObject({ code: 0, out: '' });
  });

  test('says of a model that may be used commercially what else it needs', async () => {
    expect((await models('list')).out).toMatch(/ghost_1_256 .*Apache-2.0 \(ai-forever\), but needs arcface_w600k_r50/);
    expect(JSON.parse((await models('list', '--json')).out)).toMatchObject({ folder: join(root, 'kept') });
  });

  test('fails with the file that is not as it must be', async () => {
    await models('add', modelFile(root, 'ghost_1_256.onnx', swapGraph(256)));
    truncateSync(join(root, 'kept', 'ghost_1_256.onnx'), 100);

    const { code, out, err } = await models('verify');

    expect([code, out]).toEqual([1, expect.stringContaining('ends too early')]);
    expect(err).toContain('[models:ghost_1_256]');
  });

  test('fetches nothing whose licence was not accepted', async () => {
    const { code, err } = await models('fetch', 'gfpgan_1.4');

    expect([code, err]).toEqual([1, expect.stringMatching(/--accept-licence.*\[licence:Apache-2.0\] \[page:https:/)]);
    expect((await models('fetch', 'gfpgan_9', '--accept-licence')).err).toContain('[not_found]');
  });

  test('refuses a model that is not for commercial use where that is not allowed', async () => {
    vi.stubEnv('GUISE_ALLOW_NON_COMMERCIAL', '0');

    const { code, err } = await models('add', modelFile(root, 'any.onnx', INSWAPPER));

    expect([code, err]).toEqual([1, expect.stringContaining('models.allowNonCommercial')]);
  });
});

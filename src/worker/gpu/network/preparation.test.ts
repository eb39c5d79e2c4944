import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { swapRecipe } from '../../../../test/support/swap-recipes.ts';
import { sha256 } from '../../../onnx/digest.ts';
import { ModelCache } from '../../../onnx/model-cache.ts';
import { monotonic } from '../../../time.ts';
import type { GpuRecipe } from '../../wire/gpu-protocol.ts';
import { OnnxEngine } from '../onnx-engine.ts';
import { preparableOf } from './network-ends.ts';
import { NotedDigests } from './noted-digests.ts';
import { Preparation } from './preparation.ts';

const recipe = swapRecipe('tiny-single');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guise-prepared-'));
});

/** How a recipe's file is said to have been prepared. */
async function prepared(changes: Partial<GpuRecipe> = {}, into = folder): Promise<string> {
  const options = { provider: 'cpu' as const, deviceId: 0, threads: 1, warmBatches: [1, 3], clock: monotonic };
  const network = await new OnnxEngine({ ...options, folder: into }).open({ ...recipe, ...changes });
  await network.close();
  return network.preparation;
}

const digestNotes = (): string[] => readdirSync(folder).filter((name) => name.startsWith('digest-'));
const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.onnx'));

test('a file is prepared once for the same content, contract and way, and again for another', async () => {
  await prepared();
  await prepared();
  const copy = join(folder, 'copy');
  writeFileSync(copy, readFileSync(recipe.file));
  await prepared({ file: copy });
  expect(files().length).toBe(1);

  await prepared({ output: 'signed' });
  await prepared({ prepare: ['batch'] });
  expect(files().length).toBe(3);
});

test('a prepared file that was changed is prepared again', async () => {
  const told = await prepared();
  const path = join(folder, files()[0]!);
  const whole = readFileSync(path);
  for (const bad of [whole.subarray(0, 1000), Buffer.from(whole).fill(7, 500, 510), Buffer.alloc(0)]) {
    writeFileSync(path, bad);

    expect(await prepared()).toBe(told);
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0);
  }
});

test('what was made of a file that is gone, or another by now, is deleted with the next one that is made', async () => {
  const copy = join(folder, '..', `${basename(folder)}-copy.onnx`);
  writeFileSync(copy, readFileSync(recipe.file));
  // Of another content: the same file is prepared once, whatever its names.
  appendFileSync(copy, Buffer.from([0x12, 0])); // an empty name of its producer
  const left = `${'0'.repeat(64)}.onnx.left-behind`;
  writeFileSync(join(folder, left), 'half a file');
  await prepared({ file: copy });
  const [made] = files();

  await prepared();
  expect(files()).toContain(made);
  rmSync(copy);
  utimesSync(join(folder, left), 0, 0);
  await prepared({ output: 'signed' });

  expect(files()).toHaveLength(2);
  expect(files()).not.toContain(made);
  expect(readdirSync(folder)).not.toContain(left);
});

test('the digest of a file is noted by how it lies on the disk, and made anew once that is another', async () => {
  const notes = new ModelCache(folder);
  const path = join(folder, 'file');
  writeFileSync(path, 'one');
  const [one, other] = ['one', 'two'].map(sha256);

  expect(await new NotedDigests(notes).of(path)).toBe(one);
  // What has just been written may be written to again within a tick of the clock: it is not noted.
  expect(digestNotes()).toEqual([]);
  await vi.waitUntil(async () => (await new NotedDigests(notes).of(path)) && digestNotes().length === 1, {
    timeout: 30_000,
    interval: 200,
  });
  const [note] = digestNotes();
  const noted = Buffer.from((await notes.read(note!))!).toString();
  await notes.write(note!, Buffer.from(noted.replace(one!, other!)));
  expect(await new NotedDigests(notes).of(path)).toBe(other);

  writeFileSync(path, 'owe');
  expect(await new NotedDigests(notes).of(path)).toBe(sha256('owe'));
});

test('a file whose preparation ended two workers is run as it is', async () => {
  const preparation = await Preparation.of(preparableOf(recipe), { provider: 'cpu', folder });

  await preparation.begin();
  expect(await preparation.kept()).toBeUndefined();
  await preparation.begin();

  expect(await prepared()).toMatch(/^as it is: workers ended while they prepared it \[times:2\]/);
});

test('without a folder that can be written the file is run as it is, and the reason told', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');

  expect(await prepared({}, join(file, 'prepared'))).toMatch(/^as it is: ENOTDIR/);
});

test('single precision becomes half precision where that is asked for', async () => {
  const half = swapRecipe('narrow-published-float32', { prepare: ['batch', 'norms', 'styles', 'half', 'bytes'] });
  expect(await prepared(half)).toMatch(/^prepared: batch, norms 12, styles 12, half \d+, bytes \[most:[0-9]\/255\]/);
});

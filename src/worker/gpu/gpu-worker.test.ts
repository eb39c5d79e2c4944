/** A real GPU worker, on the cpu provider with a tiny network. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { colourSource, embeddingSource, noiseCrop, swapRecipe } from '../../../test/support/swap-recipes.ts';
import type { CropSource } from '../../swap/neural/crop-lane.ts';
import { GatewayError } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { GpuWorkerProcess, type GpuWorkerProcessOptions, type JobResult } from './gpu-worker-process.ts';

process.env['GUISE_LOG'] = 'silent';
const LIMIT = 60_000;
const SMALL = { maximumBatch: 2 };

const open: GpuWorkerProcess[] = [];
afterEach(() => {
  for (const worker of open.splice(0)) worker.kill();
});

async function start(
  settings: Partial<GpuWorkerProcessOptions['settings']> = {},
  onLost: GpuWorkerProcessOptions['onLost'] = () => undefined,
): Promise<GpuWorkerProcess> {
  const worker = await GpuWorkerProcess.start({
    settings: {
      provider: 'cpu',
      recipes: [swapRecipe('tiny', { maximumBatch: 3 }), swapRecipe('tiny-image', SMALL)],
      memoryLimit: 1e9,
      warmBatches: [1],
      ...settings,
    },
    log: createLog('test'),
    onLost,
  });
  open.push(worker);
  return worker;
}

function swap(worker: GpuWorkerProcess, recipe: string, sources: readonly CropSource[]): Promise<JobResult> {
  const crops = sources.map((_, k) => noiseCrop(k));
  return worker.swap({ recipe, sources: sources.map(({ hash }) => hash) }, crops, { limit: LIMIT });
}

function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'none',
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  );
}

describe('a GPU worker', () => {
  test('swaps a batch, each crop with its own source, once it has been sent the sources that it lacks', async () => {
    const worker = await start();
    const [red, blue] = [colourSource([255, 0, 0]), colourSource([0, 0, 255])];

    expect(await swap(worker, 'tiny-image', [red, blue])).toMatchObject({
      kind: 'sources-missing',
      hashes: [red.hash, blue.hash],
    });
    for (const { hash, bytes } of [red, blue]) await worker.addSource(hash, bytes);
    const { kind, payload } = await swap(worker, 'tiny-image', [red, blue]);

    expect(kind).toBe('done');
    const bytes = 3 * 128 * 128;
    expect(payload.length).toBe(2 * bytes + 2 * 128 * 128);
    for (const [crop, tint] of [
      [0, [255, 0, 0]],
      [1, [0, 0, 255]],
    ] as const) {
      const target = noiseCrop(crop);
      const swapped = payload.subarray(crop * bytes, (crop + 1) * bytes);
      const worst = swapped.reduce(
        (most, value, k) => Math.max(most, Math.abs(value - (target[k]! + tint[k % 3]!) / 2)),
        0,
      );
      expect(worst).toBeLessThanOrEqual(1);
    }
    const mask = payload.subarray(2 * bytes, 2 * bytes + 128 * 128);
    expect([mask[0]! <= 1, mask[64 * 128 + 64]]).toEqual([true, 255]);
  });

  test('says what a recipe takes when it is loaded, and counts its work', async () => {
    const worker = await start();
    const source = embeddingSource(1);

    const loaded = await worker.load('tiny');
    await worker.addSource(source.hash, source.bytes);
    const result = await swap(worker, 'tiny', [source, source]);

    expect(loaded).toMatchObject({ recipe: 'tiny', provider: 'cpu', elsewhere: 0, evicted: [] });
    expect(loaded.table.map(({ batch }) => batch)).toEqual([1, 3]);
    // Filled up to the next size that is warm.
    expect(result).toMatchObject({ kind: 'done', batch: 3 });
    expect(await worker.figures()).toMatchObject({
      recipes: [{ name: 'tiny', bytes: loaded.bytes }],
      sources: { count: 1, bytes: 2048 },
      jobs: 1,
      crops: 2,
    });
  });

  test('is ready with its largest batch where each size is loaded apart, and becomes warm for the others one by one', async () => {
    const worker = await start({
      copies: 'each',
      warmBatches: [1, 2],
      recipes: [swapRecipe('tiny', { maximumBatch: 3 })],
    });
    const source = embeddingSource(1);
    await worker.addSource(source.hash, source.bytes);
    const batchOf = async (): Promise<unknown> => {
      const result = await swap(worker, 'tiny', [source]);
      return 'batch' in result && result.batch;
    };

    const loaded = [await worker.load('tiny')];
    const batches = [await batchOf()];
    for (let step = 0; step < 2; step++) {
      loaded.push(await worker.warm('tiny'));
      batches.push(await batchOf());
    }

    expect(loaded.map(({ missing }) => missing)).toEqual([[2, 1], [1], []]);
    expect(loaded.map(({ table }) => table.map(({ batch }) => batch))).toEqual([[3], [2, 3], [1, 2, 3]]);
    expect(batches).toEqual([3, 2, 1]);
    // One copy more with each size.
    expect(loaded.map(({ bytes }) => bytes / loaded[0]!.bytes)).toEqual([1, 2, 3]);
    expect(await worker.warm('tiny')).toEqual({ ...loaded.at(-1), evicted: [] });
  });

  test('does not measure what another worker of its GPU has measured', async () => {
    const worker = await start();
    const known = { batch: 3, p50: 1e6, p99: 2e6 };

    const { table } = await worker.load('tiny', { table: [known] });

    expect(table).toEqual([{ batch: 1, p50: expect.any(Number) as number, p99: expect.any(Number) as number }, known]);
    expect(table[0]!.p50).toBeLessThan(known.p50);
  });

  test('refuses what it does not know, what does not fit, and a third job at a time', async () => {
    const worker = await start();
    const source = embeddingSource(1);
    await worker.addSource(source.hash, source.bytes);
    const four = [source, source, source, source];

    // The first has to load the recipe, so the others come while it is at it.
    const three = [1, 2, 3].map(() => codeOf(swap(worker, 'tiny', [source])));
    expect(await Promise.all(three)).toEqual(['none', 'none', 'capacity_full']);

    expect(await codeOf(swap(worker, 'nobody', [source]))).toBe('recipe_unknown');
    expect(await codeOf(swap(worker, 'tiny', four))).toBe('message_invalid');
    expect(await codeOf(swap(worker, 'tiny-image', [source]))).toBe('message_invalid');
    expect(await codeOf(worker.addSource(source.hash, Uint8Array.of(1)))).toBe('message_invalid');
  });

  test('refuses a file that does not fit its recipe, naming tensor and shape', async () => {
    const worker = await start({
      recipes: [
        swapRecipe('tiny-256', { size: 128 }),
        swapRecipe('tiny-embedder'),
        swapRecipe('tiny', { name: 'absent', file: 'no-such.onnx' }),
      ],
    });

    await expect(worker.load('tiny-256')).rejects.toMatchObject({
      code: 'model_unsupported',
      message: 'tensor must be of shape [n|1, 3, 128, 128] [tensor:target] [shape:n × 3 × 256 × 256]',
    });
    await expect(worker.load('tiny-embedder')).rejects.toMatchObject({ code: 'model_unsupported' });
    expect(await codeOf(worker.load('absent'))).toBe('model_unsupported');
  });

  test('gives up the recipe that was used least recently when memory is short', async () => {
    const recipes = (['tiny', 'tiny-single', 'tiny-image'] as const).map((name) =>
      swapRecipe(name, { ...SMALL, prepare: [] }),
    );
    const worker = await start({ recipes, memoryLimit: 14_000 });

    await worker.load('tiny');
    await worker.load('tiny-single');
    await worker.load('tiny');
    const { evicted } = await worker.load('tiny-image');

    expect(evicted).toEqual(['tiny-single']);
    const { recipes: held } = await worker.figures();
    expect(held.map(({ name }) => name)).toEqual(['tiny', 'tiny-image']);
  });

  test('forgets the source that was used least recently, and says so', async () => {
    const worker = await start({ sourceLimit: 5_000 });
    const sources = [1, 2, 3].map(embeddingSource);
    for (const { hash, bytes } of sources) await worker.addSource(hash, bytes);

    const { kind, ...rest } = await swap(worker, 'tiny', sources);

    expect(kind).toBe('sources-missing');
    expect(rest).toMatchObject({ hashes: [sources[0]?.hash] });
  });

  test('says what is missing for an execution provider, and never takes another one', async () => {
    const worker = await start({ provider: 'cuda' });

    // On a machine with CUDA it loads; anywhere else it must not.
    const error: unknown = await worker.load('tiny').then(
      ({ provider }) => ({ code: 'loaded', message: provider }),
      (reason: unknown) => reason,
    );

    expect(error).toMatchObject({
      code: expect.stringMatching(/^(provider_unavailable|loaded)$/) as string,
      message: expect.stringMatching(
        /^cuda$|library of this provider must lie beside libonnxruntime.*\[provider:cuda\]/,
      ) as string,
    });
  });

  test('is seen to be lost when it is killed; what it had is rejected', async () => {
    const lost = vi.fn();
    const worker = await start({}, lost);
    const loading = codeOf(worker.load('tiny'));

    process.kill(worker.pid!, 'SIGKILL');

    expect(await loading).toBe('worker_lost');
    expect(lost).toHaveBeenCalledOnce();
  });

  test('ends in an orderly way, with its thread, and when its broker is gone', async () => {
    const lost = vi.fn();
    const [asked, left] = [await start({}, lost), await start({}, lost)];
    await asked.load('tiny');
    await left.load('tiny');

    await asked.close();
    left.abandon();
    await vi.waitUntil(() => left.gone, { timeout: LIMIT });

    expect([asked.exitCode, left.exitCode]).toEqual([0, 0]);
    expect(lost).not.toHaveBeenCalled();
  });
});

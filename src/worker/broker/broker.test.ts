/** The real broker with real GPU workers, on the cpu provider with a tiny network. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { BESIDE, colourSource, embeddingSource, noiseCrop, swapRecipe } from '../../../test/support/swap-recipes.ts';
import { gpuSchema, type GpuSettings } from '../../config/gpu.ts';
import { createLog } from '../../log.ts';
import type { CropLane, CropLaneOptions, SwappedPixels } from '../../swap/neural/crop-lane.ts';
import { monotonic, type Milli } from '../../time.ts';
import { enhancerNetworkSchema } from '../wire/gpu-chain.ts';
import { BrokerClient } from '../broker-client/broker-client.ts';
import { BrokerHost } from '../broker-host/broker-host.ts';

process.env['GUISE_LOG'] = 'silent';

/** For machines that are busy with other things: waiting ends with the condition. */
const WITHIN = { timeout: 60_000, interval: 20 };
/** A budget that a busy machine keeps; what is late is tested on its own. */
const SOON: Milli = 20_000;
const TINT = [200, 40, 10] as const;

const log = createLog('test');
const source = colourSource(TINT);
const options: CropLaneOptions = { recipe: 'tiny-image', tier: 'standard', tenant: '', frameRate: 30, faces: 1 };

function settings(changes: Partial<GpuSettings> = {}): GpuSettings {
  const { name, file, size, source: taken } = swapRecipe('tiny-image');
  const recipe = { name, file, size, template: 'arcface_128', source: { ...taken, template: 'arcface_112_v2' } };
  return gpuSchema.parse({ provider: 'cpu', recipes: [recipe], workersPerGpu: 2, tenantRate: 4, ...changes });
}

const closing: (() => void | Promise<void>)[] = [];
let host: BrokerHost;
beforeAll(async () => {
  host = await BrokerHost.open({ gpu: settings(), log, clock: monotonic });
  await host.start();
});
afterAll(() => host.close());
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function client({ socket } = host): BrokerClient {
  const made = new BrokerClient(socket, { log });
  closing.push(() => made.close());
  return made;
}

function swap(lane: CropLane, crops: readonly Uint8Array[], budget = SOON): ReturnType<CropLane['swap']> {
  return lane.swap(crops, { sources: crops.map(() => source), deadline: monotonic.now() + budget });
}

/** What the network makes of a crop: the mean of crop and source. */
function expectSwapped(
  face: SwappedPixels | undefined,
  crop: Uint8Array,
  tint: readonly [number, number, number] = TINT,
): void {
  expect(face?.rgb.length).toBe(crop.length);
  const worst = crop.reduce(
    (most, value, k) => Math.max(most, Math.abs(face!.rgb[k]! - (value + tint[k % 3]!) / 2)),
    0,
  );
  expect(worst).toBeLessThanOrEqual(1);
  expect(face!.mask[0]).toBeLessThan(16);
  expect(face!.mask[64 * 128 + 64]).toBe(255);
}

function pids(): number[] {
  return (host.figures?.gpus ?? []).flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? []));
}

/** Waits for two ready workers other than one. */
function restored(lost: number): Promise<boolean> {
  return vi.waitUntil(() => pids().length === 2 && !pids().includes(lost), WITHIN);
}

describe('a broker', () => {
  test('has crops swapped, each frame with all its faces', async () => {
    let spent = 0;
    const lane = await client().open({ ...options, faces: 2, onSpent: (time) => (spent += time) });
    const crops = [noiseCrop(1), noiseCrop(2)];

    const faces = await swap(lane, crops);

    expect(faces).toHaveLength(2);
    expect(spent).toBeGreaterThan(0);
    for (const [index, crop] of crops.entries()) expectSwapped(faces?.[index], crop);
  });

  test('gives each face of a frame its own source, also where the sources are known already', async () => {
    const lane = await client().open({ ...options, faces: 2 });
    const blue = [20, 60, 220] as const;
    const sources = [source, colourSource(blue)];
    const crops = [noiseCrop(3), noiseCrop(4)];

    for (const order of [sources, sources.toReversed()]) {
      const faces = await lane.swap(crops, { sources: order, deadline: monotonic.now() + SOON });
      crops.forEach((crop, k) => expectSwapped(faces?.[k], crop, order[k] === source ? TINT : blue));
    }
  });

  test('has them enhanced where that is asked for, and gives them back larger', async () => {
    const [recipe] = settings().recipes;
    const fine = {
      ...recipe!,
      name: 'fine',
      maximumBatch: 1,
      enhancer: enhancerNetworkSchema.parse(BESIDE.enhancer()),
    };
    const gpu = settings({ recipes: [fine], workersPerGpu: 1 });
    const own = await BrokerHost.open({ gpu, log, clock: monotonic });
    closing.push(() => own.close());
    await own.start();
    const lane = await client(own).open({ ...options, recipe: 'fine' });
    const crop = noiseCrop(1);
    const of = async (enhance: number): Promise<SwappedPixels> => {
      const faces = await lane.swap([crop], { sources: [source], deadline: monotonic.now() + SOON, enhance });
      return faces![0]!;
    };

    const [plain, whole, half] = [await of(0), await of(1), await of(0.5)];

    expectSwapped(plain, crop);
    expect(plain.plain).toBeUndefined();
    // An enhanced one comes with what it was made of.
    for (const { plain: beneath } of [whole, half]) expect(Buffer.compare(beneath!, plain.rgb)).toBe(0);
    expect([whole, half].map(({ rgb, mask }) => [rgb.length, mask.length])).toEqual(
      Array(2).fill([3 * 256 * 256, 256 * 256]),
    );
    // The enhancer gives the opposite of each colour, so that half of it is grey.
    const middle = ({ rgb }: SwappedPixels): Uint8Array => rgb.subarray(3 * 128 * 256, 3 * 129 * 256);
    const mean = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = (values: Uint8Array): number => Math.max(...values) - Math.min(...values);
    expect(mean(middle(whole))).toBeGreaterThan(255 - mean(plain.rgb) - 25);
    expect(spread(middle(half).subarray(60, 700))).toBeLessThan(80);
  });

  test('gives up a frame of which the network made no picture, and counts it; the next one is swapped', async () => {
    const { name, file, size } = swapRecipe('tiny-broken');
    const taken = { kind: 'embedding', embedder: file };
    const gpu = settings({
      recipes: gpuSchema.shape.recipes.parse([{ name, file, size, template: 'arcface_128', source: taken }]),
      workersPerGpu: 1,
    });
    const other = await BrokerHost.open({ gpu, log, clock: monotonic });
    closing.push(() => other.close());
    await other.start();
    const lane = await client(other).open({ ...options, recipe: name });
    const [black, clear] = [0, 9].map((value) => new Uint8Array(3 * size * size).fill(value));
    const source = embeddingSource(1);
    const swapped = (crop: Uint8Array): ReturnType<CropLane['swap']> =>
      lane.swap([crop], { sources: [source], deadline: monotonic.now() + SOON });

    expect(await swapped(black!)).toBeUndefined();
    expect((await swapped(clear!))?.[0]?.rgb.every((value) => value === 255)).toBe(true);
    await vi.waitUntil(() => other.figures?.ends['failed'] === 1, WITHIN);
  });

  test('names the provider in use, and what was measured', async () => {
    const figures = await vi.waitUntil(() => host.figures, WITHIN);

    expect(figures).toMatchObject({ provider: 'cpu', gpus: [{ device: 0, mps: 'none' }] });
    expect(figures.recipes[0]?.facesPerSecond).toBeGreaterThan(0);
    expect(pids()).toHaveLength(2);
  });

  test('puts frames of several sessions into one batch', async () => {
    const one = client();
    const lanes = await Promise.all(Array.from({ length: 8 }, () => one.open(options)));
    const stopped = await vi.waitUntil(() => (pids().length === 2 ? pids() : undefined), WITHIN);

    // Each worker is given what it takes ahead; the rest waits together.
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    const swaps = lanes.map((lane, index) => swap(lane, [noiseCrop(index)]));
    // Answered after all that came before it on this connection.
    await one.open(options);
    for (const pid of stopped) process.kill(pid, 'SIGCONT');

    for (const [index, faces] of (await Promise.all(swaps)).entries()) expectSwapped(faces?.[0], noiseCrop(index));
    await vi.waitUntil(() => Object.keys(host.figures?.batches ?? {}).some((crops) => Number(crops) > 1), WITHIN);
  });

  test('holds all lanes of one tenant to what it may have, and nobody else', async () => {
    const one = client();
    const lanesOf = (tenant: string): Promise<CropLane[]> =>
      Promise.all(Array.from({ length: 8 }, () => one.open({ ...options, tenant })));
    const [limited, free] = await Promise.all([lanesOf('acme'), lanesOf('')]);

    const swapped = async (lanes: readonly CropLane[]): Promise<number> => {
      const faces = await Promise.all(lanes.map((lane) => swap(lane, [noiseCrop(1)])));
      return faces.filter((face) => face !== undefined).length;
    };

    expect(await swapped(limited)).toBeLessThan(8);
    expect(await swapped(free)).toBe(8);
    await vi.waitUntil(() => (host.figures?.ends['thinned'] ?? 0) > 0, WITHIN);
  });

  test('says what its lanes need of each GPU', async () => {
    const one = client();
    const lane = await one.open({ ...options, faces: 2 });
    const needed = (): number => host.figures?.gpus[0]?.load ?? 0;
    const share = 60 / (host.figures?.recipes[0]?.facesPerSecond ?? 0);

    await vi.waitUntil(() => Math.abs(needed() - share) < share / 100, WITHIN);
    lane.close();
    await vi.waitUntil(() => needed() < share / 100, WITHIN);
  });

  test('gives up what is late', async () => {
    const lane = await client().open(options);

    expect(await swap(lane, [noiseCrop(1)], 0.05)).toBeUndefined();
    expectSwapped((await swap(lane, [noiseCrop(1)]))?.[0], noiseCrop(1));
  });

  test('refuses a recipe that it does not know, and crops of another size', async () => {
    const one = client();

    await expect(one.open({ ...options, recipe: 'none' })).rejects.toMatchObject({ code: 'recipe_unknown' });
    expect(await swap(await one.open(options), [noiseCrop(1, 64)])).toBeUndefined();
  });
});

describe('with trouble, a broker', () => {
  /** Offers frames, one after the other, until told to stop. */
  function play(lane: CropLane): { readonly ends: boolean[]; stop(): Promise<void> } {
    const ends: boolean[] = [];
    let playing = true;
    const running = (async () => {
      while (playing) {
        ends.push((await swap(lane, [noiseCrop(3)], 2_000)) !== undefined);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    closing.push(() => void (playing = false));
    return {
      ends,
      stop: () => {
        playing = false;
        return running;
      },
    };
  }

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'goes on with the other worker when one gets %s, and replaces it',
    async (signal) => {
      const plays = await Promise.all(Array.from({ length: 3 }, async () => play(await client().open(options))));
      await vi.waitUntil(() => pids().length === 2 && plays.every(({ ends }) => ends.length > 10), WITHIN);
      const [lost] = pids();

      process.kill(lost!, signal);
      await restored(lost!);
      const marks = plays.map(({ ends }) => ends.length);
      await vi.waitUntil(() => plays.every(({ ends }, index) => ends.length > marks[index]! + 10), WITHIN);
      await Promise.all(plays.map((one) => one.stop()));

      for (const [index, { ends }] of plays.entries()) {
        expect(ends.filter((swapped) => !swapped).length).toBeLessThanOrEqual(10);
        expect(ends.slice(marks[index]! + 1).every((swapped) => swapped)).toBe(true);
      }
    },
  );

  test('has a spare worker take the seat of one that is lost at once', async () => {
    const own = await BrokerHost.open({ gpu: settings({ workersPerGpu: 1, spareWorkers: 1 }), log, clock: monotonic });
    closing.push(() => own.close());
    await own.start();
    const running = (): number[] =>
      (own.figures?.gpus[0]?.workers ?? []).flatMap(({ state, pid }) => (state === 'running' ? (pid ?? []) : []));
    const before = await vi.waitUntil(() => (running().length === 2 ? running() : undefined), WITHIN);
    const { ends, stop } = play(await client(own).open(options));
    await vi.waitUntil(() => ends.length > 10, WITHIN);

    for (const lost of before) {
      process.kill(lost, 'SIGKILL');
      await vi.waitUntil(() => running().length === 2 && !running().includes(lost), WITHIN);
    }
    const mark = ends.length;
    await vi.waitUntil(() => ends.length > mark + 10, WITHIN);
    await stop();

    // Without it a frame is lost every 10 ms until another one is loaded.
    expect(ends.filter((swapped) => !swapped).length).toBeLessThanOrEqual(4);
    expect(ends.slice(mark + 1).every((swapped) => swapped)).toBe(true);
  });

  test('has a lost worker of use again before it is warm for all batches, and warmed while others do its work', async () => {
    const gpu = settings({ workersPerGpu: 1, spareWorkers: 1, copies: 'each' });
    const own = await BrokerHost.open({ gpu, log, clock: monotonic });
    closing.push(() => own.close());
    await own.start();
    const workers = (): { pid: number | null; works: boolean; missing: number }[] =>
      own.figures?.gpus[0]?.workers ?? [];
    const pidsOf = (): number[] => workers().flatMap(({ pid }) => pid ?? []);
    const isWarm = (most: number): boolean =>
      pidsOf().length === 2 && workers().every(({ missing }) => missing <= most);
    await vi.waitUntil(() => isWarm(0), WITHIN);
    const { ends, stop } = play(await client(own).open(options));
    await vi.waitUntil(() => ends.length > 10, WITHIN);

    const lost = pidsOf();
    for (const pid of lost) process.kill(pid, 'SIGKILL');
    const isNew = ({ pid, works }: { pid: number | null; works: boolean }): boolean =>
      works && pid !== null && !lost.includes(pid);
    await vi.waitUntil(() => workers().some(isNew), WITHIN);
    // The one before it may have been offered while nobody was there.
    const back = ends.length + 1;
    // Of the six sizes the last three are loaded at leisure beside a lane.
    await vi.waitUntil(() => isWarm(3) && !pidsOf().some((pid) => lost.includes(pid)), WITHIN);
    await vi.waitUntil(() => ends.length > back + 10, WITHIN);
    await stop();

    // No frame waits for what is loaded beside.
    expect(ends.slice(back).filter((swapped) => !swapped)).toEqual([]);
    expect(workers().filter(({ works }) => works)).toHaveLength(1);
  });

  test('keeps only the newest frame of a lane while no worker answers', async () => {
    const lane = await client().open(options);
    await swap(lane, [noiseCrop(1)]);
    const stopped = pids();
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');

    const frames = Array.from({ length: 8 }, () => swap(lane, [noiseCrop(4)]));
    const first = await Promise.race(frames.slice(0, -1).map(async (frame) => [await frame]));
    for (const pid of stopped) process.kill(pid, 'SIGCONT');

    expect(first).toEqual([undefined]);
    expectSwapped((await frames.at(-1))?.[0], noiseCrop(4));
  });

  test('is replaced when it dies, and found again by its lanes', async () => {
    const lane = await client().open(options);
    await vi.waitUntil(() => host.state === 'ready', WITHIN);
    const lost = host.pid;
    expectSwapped((await swap(lane, [noiseCrop(1)]))?.[0], noiseCrop(1));

    process.kill(lost!, 'SIGKILL');
    await vi.waitUntil(() => host.state !== 'ready', WITHIN);
    expect(await swap(lane, [noiseCrop(1)])).toBeUndefined();
    await vi.waitUntil(async () => (await swap(lane, [noiseCrop(1)])) !== undefined, WITHIN);

    expect(host.replaced).toBe(1);
  });

  test('is not ready when its provider is not there', async () => {
    const other = await BrokerHost.open({ gpu: settings({ provider: 'tensorrt' }), log, clock: monotonic });
    closing.push(() => other.close());

    await expect(other.start()).rejects.toMatchObject({ code: 'provider_unavailable' });
  });
});

/** Real GPU workers, on the cpu provider with a tiny network that is loaded once for each batch size. */
import { afterEach, expect, test, vi } from 'vitest';
import { swapRecipe } from '../../../../test/support/swap-recipes.ts';
import { gpuSchema } from '../../../config/gpu.ts';
import { createLog } from '../../../log.ts';
import { monotonic, type Clock } from '../../../time.ts';
import type { GpuLoaded } from '../../wire/gpu-protocol.ts';
import { GpuCard } from './gpu-card.ts';

process.env['GUISE_LOG'] = 'silent';
const WITHIN = { timeout: 60_000, interval: 20 };

let card: GpuCard | undefined;
afterEach(() => card?.close());

/** A GPU with one worker at work and one that is spare, and what it says of them. */
function open(
  load: number,
  { maximumBatch = 2, clock = monotonic }: { readonly maximumBatch?: number; readonly clock?: Clock } = {},
): { card: GpuCard; said: string[] } {
  const { name, file, size, source } = swapRecipe('tiny-image');
  const recipe = { name, file, size, template: 'arcface_128', source: { ...source, template: 'arcface_112_v2' } };
  const gpu = gpuSchema.parse({
    ...{ provider: 'cpu', copies: 'each', workersPerGpu: 1, spareWorkers: 1 },
    recipes: [{ ...recipe, maximumBatch }],
  });
  const said: string[] = [];
  card = new GpuCard({
    ...{ device: 0, uuid: undefined, gpu, clock, log: createLog('test') },
    onReady: (place, { missing }) => said.push(`${place} ready, ${missing} missing`),
    onWork: (place, works) => said.push(`${place} ${works ? 'works' : 'rests'}`),
    onGone: (place) => said.push(`${place} gone`),
    load: () => load,
  });
  return { card, said };
}

test('under load a spare worker is warm for halves of the largest batch at once, takes turns with the other, and has time for the rest', async () => {
  let passed = 0;
  const { card, said } = open(0.5, { maximumBatch: 4, clock: { now: () => monotonic.now() + passed } });

  await card.start();
  await card.startOthers();

  await vi.waitUntil(() => said.includes('0 ready, 2 missing'), WITHIN);
  const turned = [
    ...['0 ready, 3 missing', '0 works', '1 ready, 3 missing'],
    ...['1 ready, 2 missing', '1 works', '0 rests', '0 ready, 2 missing'],
  ];
  expect(said).toEqual(turned);
  expect(card.working).toHaveLength(1);

  passed = 60_000;
  await vi.waitUntil(() => said.includes('0 ready, 1 missing'), WITHIN);
  expect(said.slice(turned.length, turned.length + 3)).toEqual(['0 ready, 1 missing', '0 works', '1 rests']);
});

test('without load the first one is warm for all before another starts, and a lost one is stood in for at once', async () => {
  const { card, said } = open(0);
  await card.start();
  await card.startOthers();
  expect(said.filter((line) => line.startsWith('1'))).toEqual(['1 ready, 1 missing', '1 ready, 0 missing']);
  expect(said.slice(0, 5)).toEqual(['0 ready, 1 missing', '0 works', '0 rests', '0 ready, 0 missing', '0 works']);
  const before = said.length;

  process.kill(card.working[0]!.pid!, 'SIGKILL');
  await vi.waitUntil(() => said.includes('0 ready, 0 missing') && said.slice(before).length === 4, WITHIN);

  expect(said.slice(before)).toEqual(['0 gone', '1 works', '0 ready, 1 missing', '0 ready, 0 missing']);
  // Nothing was measured twice.
  const [[one], [other]] = card.running.map(({ loaded }) => [...loaded]) as [GpuLoaded[], GpuLoaded[]];
  expect(one!.table).toEqual(other!.table);
});

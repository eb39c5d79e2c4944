/** A real GPU worker, on the cpu provider with a tiny network. */
import { expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../../test/support/patience.ts';
import { swapRecipe } from '../../../../test/support/swap-recipes.ts';
import { createLog } from '../../../log.ts';
import { gpuConfigureSchema } from '../../wire/gpu-protocol.ts';
import { GpuRunner } from './gpu-runner.ts';

process.env['GUISE_LOG'] = 'silent';

test('a worker that holds more memory than it may is put down, and its place told once', async () => {
  const recipes = [swapRecipe('tiny', { maximumBatch: 1 })];
  const settings = gpuConfigureSchema.parse({ provider: 'cpu', recipes, memoryLimit: 1e9, warmBatches: [1] });
  const told: string[] = [];

  const runner = await GpuRunner.start({
    ...{ settings, env: {}, log: createLog('test') },
    residentLimit: 1024,
    onLost: (reason) => told.push(reason),
  });
  const { pid } = runner;

  await vi.waitUntil(() => told.length > 0, PATIENCE);
  await vi.waitUntil(() => !isAlive(pid!), PATIENCE);
  expect(told).toEqual(['holds too much memory']);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * GPU workers and MPS where there is an NVIDIA GPU with CUDA's provider library; elsewhere it skips itself and says why.
 * `npx vitest run test/gpu/gpu-worker.test.ts`
 */
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { monotonic } from '../../src/time.ts';
import { GpuWorkerProcess } from '../../src/worker/gpu/gpu-worker-process.ts';
import { OnnxEngine } from '../../src/worker/gpu/onnx-engine.ts';
import { MpsDaemon, withoutMps } from '../../src/worker/mps/mps-daemon.ts';
import { readGpuCards } from '../../src/worker/mps/nvidia-smi.ts';
import { chainContract } from '../support/chain-contract.ts';
import { engineContract } from '../support/engine-contract.ts';
import { swapRecipe } from '../support/swap-recipes.ts';

const { cards, reason = '' } = await readGpuCards();
const [card] = cards;
if (card === undefined) console.log(`skipped: ${reason}`);

const log = createLog('test');
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function start(env: Readonly<Record<string, string>>): Promise<GpuWorkerProcess> {
  const recipes = [swapRecipe('tiny-float16')];
  const worker = await GpuWorkerProcess.start({
    settings: { provider: 'cuda', recipes, memoryLimit: 1e9 },
    env,
    log,
    onLost: () => undefined,
  });
  open.push(worker);
  await worker.load('tiny-float16');
  return worker;
}

describe.skipIf(card === undefined)(`on a GPU${reason && ` (skipped: ${reason})`}`, () => {
  const engine = (): OnnxEngine =>
    new OnnxEngine({ provider: 'cuda', deviceId: 0, threads: 1, warmBatches: [1, 2], clock: monotonic });
  engineContract('onnxruntime with CUDA', { provider: 'cuda', engine });
  chainContract('with CUDA', engine);

  test('workers are seen to share it by MPS, and one is let go of before it is killed', async () => {
    const daemon = await MpsDaemon.open({ device: card!.uuid, log });
    open.push(daemon);
    const first = await daemon.admit(() => start(daemon.clientEnvironment({ activeThreads: 60, memory: 8 * 2 ** 30 })));
    const second = await daemon.admit(() => start(daemon.clientEnvironment()));
    const alone = await daemon.admit(() => start(withoutMps(card!.uuid)));

    expect([first.behind, second.behind, alone.behind]).toEqual([true, true, false]);
    expect(await daemon.health()).toBe('active');
    expect((await daemon.clients()).length).toBe(2);
    expect(await daemon.terminate(first.worker.pid!)).toBe(true);
    first.worker.kill();
    expect((await second.worker.profile('tiny-float16')).provider).toBe('cuda');
  });
});

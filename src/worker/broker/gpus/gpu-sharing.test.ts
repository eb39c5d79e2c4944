/** Where there is no MPS; with a daemon: src/worker/mps/. */
import { afterEach, describe, expect, test } from 'vitest';
import { gpuSchema } from '../../../config/gpu.ts';
import { createLog } from '../../../log.ts';
import { GpuSharing, type WorkerPlace } from './gpu-sharing.ts';

process.env['GUISE_LOG'] = 'silent';

const { mps } = gpuSchema.shape;
const open: GpuSharing[] = [];
afterEach(() => Promise.all(open.splice(0).map((sharing) => sharing.close())));

function sharing(provider: 'cuda' | 'cpu', mode: 'auto' | 'on' | 'off' | 'attach', uuid?: string): GpuSharing {
  const settings = { provider, mps: mps.parse({ mode }), workersPerGpu: 2 };
  const made = new GpuSharing({ settings, device: 1, uuid, onFault: () => undefined, log: createLog('test') });
  open.push(made);
  return made;
}

async function placeIn(shared: GpuSharing): Promise<WorkerPlace> {
  let given: WorkerPlace = { env: {} };
  await shared.start((place) => {
    given = place;
    return Promise.resolve({ pid: 1, close: () => Promise.resolve() });
  });
  return given;
}

describe('sharing a GPU', () => {
  test('without a daemon, a worker sees its GPU alone and looks for no daemon', async () => {
    for (const mode of ['off', 'auto'] as const) {
      const shared = sharing('cuda', mode);
      const { env, beforeKill } = await placeIn(shared);

      expect(env['CUDA_VISIBLE_DEVICES']).toBe('1');
      expect(env['CUDA_MPS_PIPE_DIRECTORY']).toContain('without-mps');
      expect(beforeKill).toBeUndefined();
      expect(shared.kind).toBe('none');
    }
    expect((await placeIn(sharing('cuda', 'off', 'GPU-1234'))).env['CUDA_VISIBLE_DEVICES']).toBe('GPU-1234');
  });

  test('is refused where MPS must be and is not', async () => {
    for (const mode of ['on', 'attach'] as const) {
      await expect(placeIn(sharing('cuda', mode))).rejects.toMatchObject({ code: 'mps_failed' });
    }
  });

  test('leaves the environment of a worker without a GPU alone', async () => {
    expect(await placeIn(sharing('cpu', 'auto'))).toEqual({ env: {} });
  });
});

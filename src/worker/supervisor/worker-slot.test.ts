/** What becomes of a real media worker that holds more than it may. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import type { GatewayError } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { sessionSettingsSchema } from '../wire/protocol.ts';
import type { MemoryLimits } from './memory-guard.ts';
import type { RemoteSession } from './remote-session.ts';
import { CostTable, SessionCost } from './admission/session-cost.ts';
import type { WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

process.env['GUISE_LOG'] = 'silent';

const settings = sessionSettingsSchema.parse({});

const slots: WorkerSlot[] = [];
afterEach(() => Promise.all(slots.splice(0).map((slot) => slot.close())));

async function open(memory: MemoryLimits): Promise<WorkerSlot> {
  const slot = new WorkerSlot({
    othersServe: () => false,
    settings: {
      pixelThreads: 1,
      transport: 'werift',
      reach: { udpPorts: null, udpMux: null, tcp: null, announce: ['127.0.0.1'], ice: 'lite', stunServers: [] },
      limits: { frameRate: 65, bitrate: 20e6, decodeMilliseconds: 250 },
      broker: null,
      recipes: [],
      codecs: { send: ['vp8'], hardware: 'off' },
      maximumBytes: 12e6,
      maximumPixels: 50e6,
    },
    memory,
    retireWithin: 600_000,
    onLeft: () => undefined,
    onFeed: () => false,
    onReady: () => undefined,
    log: createLog('test'),
    clock: monotonic,
  });
  slots.push(slot);
  await slot.start();
  return slot;
}

async function sessionIn(worker: WorkerProcess, onEnd: (error: GatewayError) => void): Promise<RemoteSession> {
  const events = { onState: () => undefined, onFace: () => undefined, onFigures: () => undefined, onEnd };
  const session = worker.addSession('0'.repeat(32), { cost: new SessionCost(new CostTable(), settings), events });
  await session.open(settings, { identity: null });
  return session;
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe('a media worker', () => {
  test('above its soft memory limit keeps its session until that ends, beside the one that replaces it', async () => {
    const memory = { soft: 1, hard: Infinity };
    const slot = await open(memory);
    const old = slot.worker!;
    const session = await sessionIn(old, (error) => expect.fail(error.message));

    await vi.waitUntil(() => slot.worker !== undefined && slot.worker !== old, PATIENCE);
    // The new one may stay.
    memory.soft = Infinity;
    expect(slot.workers).toContain(old);
    await session.change(settings, { identity: 'mask:gold' });
    await session.close();

    await vi.waitUntil(() => isGone(old.pid!), PATIENCE);
    expect(slot.workers).not.toContain(old);
    expect(slot.replaced).toBe(1);
  });

  test('above its hard memory limit is ended at once, its session told to come back', async () => {
    const slot = await open({ soft: 1, hard: 1 });
    const { pid } = slot.worker!;
    const ended = new Promise<GatewayError>((resolve) => {
      // It may be ended before it has answered.
      sessionIn(slot.worker!, resolve).catch(() => undefined);
    });

    expect((await ended).code).toBe('worker_lost');
    await vi.waitUntil(() => isGone(pid!), PATIENCE);
    expect(slot.replaced).toBe(1);
  });
});

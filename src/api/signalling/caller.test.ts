import { expect, test, vi } from 'vitest';
import { iceServersSchema } from '../../config/network.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { GpuRoom } from '../../worker/supervisor/gpu-room.ts';
import type { RemoteSession } from '../../worker/supervisor/remote-session.ts';
import { Permit } from '../access/access.ts';
import { IdentityStore } from '../http/identity-store.ts';
import { Metrics } from '../http/metrics.ts';
import type { ServerMessage } from '../messages.ts';
import { Caller, type CallerOptions } from './caller.ts';

const store = new IdentityStore({ maximumCount: 1, maximumTotalBytes: 1, lifetime: 1 }, monotonic);
/** One GPU that has more than it may be promised, as the broker tells it. */
const figures = { gpus: [{ load: 0.9 }], recipes: [{ name: 'fine', facesPerSecond: 100 }] };
const gpus = new GpuRoom({ figures: () => figures, clock: monotonic });
const need = { recipe: 'fine', faces: 30 };
const supervisor = {
  maskIds: [],
  status: { workers: [], sessions: 0, dropped: 0, restarts: 0 },
  held: () => Promise.resolve(new Map()),
  openSession: () =>
    Promise.resolve().then((): RemoteSession => {
      gpus.admit(need, [need, need, need]);
      throw new Error('there must be no room');
    }),
};
const options: CallerOptions = {
  supervisor,
  store,
  metrics: new Metrics({ store, supervisor }),
  permit: () => Promise.resolve(new Permit()),
  allowed: { policies: ['never'], labelOptional: false, recipes: ['fine'] },
  iceServers: iceServersSchema.parse({}),
  clock: monotonic,
  log: createLog('test'),
};

test('callers that the GPUs have no room for are told to come back one after the other', async () => {
  const heard: ServerMessage[] = [];
  for (let i = 1; i <= 2; i++) {
    const caller = new Caller(
      { send: (message) => heard.push(message), hasRoom: true, close: () => undefined },
      options,
    );
    caller.receive(JSON.stringify({ type: 'hello', version: 1, swap: 'fine' }));
    await vi.waitUntil(() => heard.length === i);
  }
  expect(heard).toMatchObject([
    { type: 'error', code: 'capacity_full', fatal: true, retry: 5_000 },
    { type: 'error', code: 'capacity_full', fatal: true, retry: 6_000 },
  ]);
});

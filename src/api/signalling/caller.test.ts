import { expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { iceServersSchema } from '../../config/network.ts';
import { GatewayError } from '../../errors.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { FreePlaces } from '../../worker/supervisor/admission/free-places.ts';
import { Permit } from '../access/access.ts';
import { IdentityStore } from '../http/identity-store.ts';
import { Metrics } from '../http/metrics.ts';
import type { ServerMessage } from '../messages.ts';
import { Caller, type CallerOptions } from './caller.ts';

const store = new IdentityStore({ maximumCount: 1, maximumTotalBytes: 1, lifetime: 1 }, monotonic);
const places = new FreePlaces(monotonic);
const supervisor = {
  maskIds: [],
  status: { workers: [], sessions: 0, waiting: 0, dropped: 0, restarts: 0 },
  held: () => Promise.resolve(new Map()),
  openSession: () => Promise.reject(new GatewayError('capacity_full', 'full', { retryAfter: places.retryAfter(0) })),
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

test('callers for whom there is no room are told to come back one after the other', async () => {
  const heard: ServerMessage[] = [];
  for (let i = 1; i <= 2; i++) {
    const caller = new Caller(
      { send: (message) => heard.push(message), hasRoom: true, close: () => undefined },
      options,
    );
    caller.receive(JSON.stringify({ type: 'hello', version: 1, swap: 'fine' }));
    await vi.waitUntil(() => heard.length === i, PATIENCE);
  }
  expect(heard).toMatchObject([
    { type: 'error', code: 'capacity_full', fatal: true, retry: 5_000 },
    { type: 'error', code: 'capacity_full', fatal: true, retry: 10_000 },
  ]);
});

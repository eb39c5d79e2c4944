/** What the owner of a room chooses over HTTP: how long frames may take, who wears whom of several faces. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WeriftPeer } from '../../../test/peer/werift-peer.ts';
import { configSchema } from '../../config/config.ts';
import { openGateway, type Gateway } from '../../gateway.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { errorBodySchema } from '../messages.ts';
import { Rooms } from './rooms.ts';

process.env['GUISE_LOG'] = 'silent';

let gateway: Gateway;
beforeAll(async () => {
  const config = configSchema.parse({ port: 0, media: { pixelThreads: 1, announce: ['127.0.0.1'] } });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
});
afterAll(() => gateway.close());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function send(method: string, path: string, body?: string, type = 'application/json'): Promise<Response> {
  const headers = { 'content-type': type };
  return fetch(`http://127.0.0.1:${gateway.port}${path}`, { method, headers, ...(body !== undefined && { body }) });
}

/** Publishes into room a. */
async function publish(query: string): Promise<void> {
  const caller = new WeriftPeer();
  cleanups.push(() => caller.close());
  const response = await send('POST', `/whip/a${query}`, await caller.offer(), 'application/sdp');
  expect(response.status).toBe(201);
  cleanups.push(() => send('DELETE', response.headers.get('location') ?? ''));
  await caller.connect(await response.text());
}

const change = (asked: unknown): Promise<Response> => send('PATCH', '/v1/rooms/a', JSON.stringify(asked));

describe('frames of a room', () => {
  test.each([
    ['', 66],
    ['?budget=200', 200],
  ])('may take as long as the publisher says (%o), else as in a call', async (query, budget) => {
    const publishing = vi.spyOn(Rooms.prototype, 'publish');
    cleanups.push(() => publishing.mockRestore());
    await publish(query);
    expect(publishing.mock.lastCall?.[2].settings.budget).toBe(budget);
  });

  test.each(['10', '501', '', 'long'])('may not take %o ms', async (budget) => {
    const caller = new WeriftPeer();
    cleanups.push(() => caller.close());
    const response = await send('POST', `/whip/a?budget=${budget}`, await caller.offer(), 'application/sdp');
    expect(response.status).toBe(400);
    const { code, message } = errorBodySchema.parse(await response.json()).error;
    expect([code, message]).toEqual(['message_invalid', expect.stringContaining('budget')]);
  });
});

describe('several faces of a room', () => {
  test('wear whom they are given, live, as many as the publisher asked for', async () => {
    await publish('?identity=mask:gold&faces=3');
    const wearers = [
      { identity: 'mask:tiger', position: 3 },
      { identity: 'mask:gold', position: -1 },
    ];
    expect(await (await change({ wearers })).json()).toMatchObject({ identity: 'mask:gold', wearers });
    // What is left out stays.
    expect(await (await change({ look: { opacity: 0.5 } })).json()).toMatchObject({ wearers });
    expect(await (await change({ wearers: [] })).json()).toMatchObject({ wearers: [] });
  });

  test('are refused as in a call, and stay as they were', async () => {
    await publish('?identity=mask:gold');
    const refused = async (wearers: unknown): Promise<[number, string]> => {
      const response = await change({ wearers });
      return [response.status, errorBodySchema.parse(await response.json()).error.code];
    };

    expect((await refused([{ identity: 'mask:gold', position: 2 }]))[1]).toBe('state_invalid');
    expect((await refused([{ identity: 'mask:nobody' }]))[1]).toBe('identity_unknown');
    expect((await refused([{ identity: 'mask:gold', position: 0 }]))[1]).toBe('message_invalid');
    // Under the policy `never` nobody is left alone.
    expect(await refused([{ identity: 'own' }])).toEqual([403, 'policy_not_allowed']);
    expect(await (await send('GET', '/v1/rooms/a')).json()).toMatchObject({ identity: 'mask:gold', wearers: [] });
  });
});

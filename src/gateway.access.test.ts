/** Who gets in: a gateway with a secret, and one that serves other machines without one. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { signToken, type Claims } from './api/access/token.ts';
import { errorBodySchema, PROTOCOL_VERSION, serverMessageSchema, type ServerMessage } from './api/messages.ts';
import { configSchema } from './config/config.ts';
import { localAddresses, openGateway, type Gateway } from './gateway.ts';
import { createLog } from './log.ts';
import { monotonic } from './time.ts';

process.env['GUISE_LOG'] = 'silent';

const secret = 'a secret of the tests, long enough';
const parts = { log: createLog('test'), clock: monotonic };

let gateway: Gateway;
beforeAll(async () => {
  const config = configSchema.parse({
    port: 0,
    access: { secret },
    media: { pixelThreads: 1, announce: ['127.0.0.1'] },
    sessions: { policies: ['never', 'when-no-face'], maximum: 8 },
  });
  gateway = await openGateway(config, parts);
});
afterAll(() => gateway.close());

const token = (claims: Claims): Promise<string> => signToken(claims, { secret, lifetime: 60 });

/** Says these messages one after the other, each when the one before was answered; gives the answers. */
async function talk(
  port: number,
  messages: readonly object[],
  { host = '127.0.0.1', headers = {} } = {},
): Promise<ServerMessage[]> {
  const socket = new WebSocket(`ws://${host}:${port}/v1/session`, { headers });
  const heard: ServerMessage[] = [];
  try {
    await once(socket, 'open');
    for (const message of messages) {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify(message));
      const [text] = (await answered) as [Buffer];
      heard.push(serverMessageSchema.parse(JSON.parse(text.toString('utf8'))));
    }
    return heard;
  } finally {
    socket.terminate();
  }
}

const hello = (fields: object = {}): object => ({ type: 'hello', version: PROTOCOL_VERSION, ...fields });

/** What the last of these messages is answered: its type, or the code of an error. */
async function answer(...messages: readonly object[]): Promise<string | undefined> {
  const last = (await talk(gateway.port, messages)).at(-1);
  return last?.type === 'error' ? last.code : last?.type;
}

describe('a session', () => {
  test('is opened only by who may publish', async () => {
    expect(await answer(hello())).toBe('token_missing');
    expect(await answer(hello({ token: 'garbage' }))).toBe('token_invalid');
    expect(await answer(hello({ token: await token({ grants: ['view', 'control'] }) }))).toBe('forbidden');
    expect(await answer(hello({ token: await token({ grants: ['publish'] }) }))).toBe('created');
  });

  test('takes the token of a program from its header', async () => {
    const headers = { authorization: `Bearer ${await token({ grants: ['publish'] })}` };
    expect(await talk(gateway.port, [hello()], { headers })).toMatchObject([{ type: 'created' }]);
  });

  test('has the policies that token and operator both allow, and the strictest of them unasked', async () => {
    const strict = await token({ grants: ['publish'], policies: ['never'] });
    const [created] = await talk(gateway.port, [hello({ token: strict })]);
    expect(created).toMatchObject({ policies: ['never'] });
    expect(await answer(hello({ token: strict, policy: 'when-no-face' }))).toBe('policy_not_allowed');
    const wide = await token({ grants: ['publish'], policies: ['never', 'when-no-face', 'always'] });
    expect(await answer(hello({ token: wide, policy: 'when-no-face' }))).toBe('created');
    expect(await answer(hello({ token: wide, policy: 'always' }))).toBe('policy_not_allowed');
  });

  test('wears whom its token names, whatever is asked for, unless the token also grants control', async () => {
    const pinned = await token({ grants: ['publish'], identity: 'mask:gold' });
    const change = { type: 'change', identity: 'mask:porcelain' };
    const look = { type: 'change', look: { opacity: 0.5 } };
    expect(await answer(hello({ token: pinned, identity: 'mask:tiger' }), change)).toBe('forbidden');
    expect(await answer(hello({ token: pinned }), { type: 'change', identity: null })).toBe('forbidden');
    const free = await token({ grants: ['publish', 'control'], identity: 'mask:gold' });
    expect(await answer(hello({ token: free }), look)).toBe('changed');
    const heard = await talk(gateway.port, [hello({ token: pinned, identity: 'mask:tiger' }), look]);
    expect(heard.at(-1)).toMatchObject({ type: 'changed', identity: 'mask:gold' });
  });
});

describe('over HTTP', () => {
  const identities = (method: string, path = '', headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${gateway.port}/v1/identities${path}`, {
      method,
      headers,
      ...(method === 'POST' && { body: 'x' }),
    });
  const refusal = async (response: Response): Promise<[number, string]> => [
    response.status,
    errorBodySchema.parse(await response.json()).error.code,
  ];

  test('identities are made and deleted only by who may publish or control', async () => {
    const without = await identities('POST');
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refusal(without)).toEqual([401, 'token_missing']);
    expect(await refusal(await identities('DELETE', '/abc'))).toEqual([401, 'token_missing']);
    const viewer = { authorization: `Bearer ${await token({ grants: ['view'] })}` };
    expect(await refusal(await identities('POST', '', viewer))).toEqual([403, 'forbidden']);
    expect(await refusal(await identities('DELETE', '/abc', viewer))).toEqual([403, 'forbidden']);
    const publisher = { authorization: `Bearer ${await token({ grants: ['publish'] })}` };
    expect(await refusal(await identities('POST', '', publisher))).toEqual([400, 'consent_missing']);
    expect(await refusal(await identities('DELETE', '/abc', publisher))).toEqual([404, 'identity_unknown']);
  });

  test('page, masks and health are open, and no token of the query counts', async () => {
    const at = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${gateway.port}${path}`);
    for (const path of ['/healthz', '/v1/identities']) expect((await at(path)).status).toBe(200);
    const query = `?token=${await token({ grants: ['publish'] })}`;
    expect(await refusal(await identities('POST', query))).toEqual([401, 'token_missing']);
  });
});

describe('a gateway that serves other machines without a secret', () => {
  // A machine that has nothing but its loopback has nobody to serve.
  const [address] = localAddresses();

  test.skipIf(address === undefined)('lets them in by the token that it prints, and this machine without', async () => {
    const open = await openGateway(
      configSchema.parse({ host: '0.0.0.0', port: 0, media: { pixelThreads: 1, announce: ['127.0.0.1'] } }),
      parts,
    );
    try {
      const from = { host: address ?? '' };
      expect(await talk(open.port, [hello()], from)).toMatchObject([
        { type: 'error', code: 'token_missing', fatal: true },
      ]);
      expect(await talk(open.port, [hello({ token: open.invitation })], from)).toMatchObject([{ type: 'created' }]);
      expect(await talk(open.port, [hello()])).toMatchObject([{ type: 'created' }]);
      expect(gateway.invitation).toBeUndefined();
    } finally {
      await open.close();
    }
  });
});

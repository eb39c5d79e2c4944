import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { WeriftPeer, type PeerOptions } from '../../../test/peer/werift-peer.ts';
import { PATIENCE } from '../../../test/support/patience.ts';
import { configSchema } from '../../config/config.ts';
import { openGateway, type Gateway } from '../../gateway.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { MAXIMUM_MESSAGE, PROTOCOL_VERSION, serverMessageSchema, type ServerMessage } from '../messages.ts';

process.env['GUISE_LOG'] = 'silent';

let gateway: Gateway;
beforeAll(async () => {
  const config = configSchema.parse({
    port: 0,
    media: { pixelThreads: 1, announce: ['127.0.0.1'] },
    sessions: { policies: ['never', 'when-no-face'], maximum: 3 },
    origins: ['https://studio.example'],
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
});
afterAll(() => gateway.close());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

type Of<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

/** A socket that keeps what it is told, and can wait for it. */
class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #heard: ServerMessage[] = [];
  readonly #wake = new Set<() => void>();

  constructor(options: ClientOptions = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/session`, options);
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.socket.on('message', (text: Buffer) => {
      this.#heard.push(serverMessageSchema.parse(JSON.parse(text.toString('utf8'))));
      for (const wake of this.#wake) wake();
    });
    cleanups.push(() => {
      this.socket.terminate();
      return this.closed;
    });
  }

  static async open(options?: ClientOptions): Promise<Client> {
    const client = new Client(options);
    await once(client.socket, 'open');
    return client;
  }

  /** With `hello` said and answered. */
  static async greeted(hello: object = {}): Promise<Client> {
    const client = await Client.open();
    client.say({ type: 'hello', version: PROTOCOL_VERSION, ...hello });
    await client.hear('created');
    return client;
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  async hear<Type extends ServerMessage['type']>(type: Type): Promise<Of<Type>> {
    for (;;) {
      const index = this.#heard.findIndex((message) => message.type === type);
      if (index >= 0) return this.#heard.splice(index, 1)[0] as Of<Type>;
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
  }

  /** Code of the next error, and whether it was the end. */
  async error(): Promise<[string, boolean]> {
    const { code, fatal } = await this.hear('error');
    return [code, fatal];
  }
}

function peer(options?: PeerOptions): WeriftPeer {
  const made = new WeriftPeer(options);
  cleanups.push(() => made.close());
  return made;
}

/** Settles when the gateway has let go of every session. */
function noSessions(): Promise<boolean> {
  return vi.waitUntil(() => gateway.status.sessions === 0, PATIENCE);
}

describe('signalling', () => {
  test('opens a session, answers an offer, connects', async () => {
    const client = await Client.open();
    client.say({ type: 'hello', version: PROTOCOL_VERSION, identity: 'mask:gold', budget: 100 });
    const created = await client.hear('created');
    expect(created.session).toMatch(/^[0-9a-f]{32}$/);
    const offered = { version: 1, policies: ['never', 'when-no-face'], labelOptional: false, swap: 'mesh' };
    expect(created).toMatchObject(offered);

    const caller = peer();
    client.say({ type: 'offer', sdp: await caller.offer() });
    await caller.connect((await client.hear('answer')).sdp);

    expect((await client.hear('state')).state).toBe('connecting');
    expect((await client.hear('state')).state).toBe('connected');
    const { figures } = await client.hear('statistics');
    expect(figures).toMatchObject({ fpsOut: 0, codec: 'vp8' });
  });

  test('ends with bye, and lets go of the session', async () => {
    const client = await Client.greeted();
    expect(gateway.status.sessions).toBe(1);

    client.say({ type: 'bye' });

    expect(await client.closed).toBe(1000);
    await noSessions();
  });

  test('ends the session when the socket goes', async () => {
    const client = await Client.greeted();

    client.socket.terminate();

    await noSessions();
  });

  test('refuses another version of the protocol, whatever else it says', async () => {
    const client = await Client.open();

    client.say({ type: 'hello', version: 2, something: { new: true } });

    expect(await client.error()).toEqual(['protocol_version', true]);
    expect(await client.closed).toBe(1002);
  });

  test('answers garbage with errors and goes on', async () => {
    const client = await Client.open();
    const garbage = ['', '{', 'null', '[]', '"hello"', '{}', '{"type":"dance"}', '{"type":"hello"}', '\u0000'];
    for (const text of garbage) client.socket.send(text);
    client.socket.send(Buffer.from([1, 2, 3]));
    client.say({ type: 'hello', version: 1, budget: 5 });
    client.say({ type: 'hello', version: 1, look: { opacity: 'much' } });

    for (let count = 0; count < garbage.length + 3; count++) {
      expect(await client.error()).toEqual(['message_invalid', false]);
    }
    client.say({ type: 'hello', version: 1 });
    await client.hear('created');
  });

  test('says that a message of 1 MB is too large, then closes', async () => {
    const client = await Client.greeted();

    client.say({ type: 'offer', sdp: 'v'.repeat(1024 * 1024) });

    expect(await client.error()).toEqual(['message_too_large', true]);
    expect(await client.closed).toBe(1009);
    await noSessions();
  });

  test('takes a message of just the allowed size', async () => {
    const client = await Client.greeted();
    const frame = JSON.stringify({ type: 'offer', sdp: '' }).length;

    client.say({ type: 'offer', sdp: 'v'.repeat(MAXIMUM_MESSAGE - frame) });

    expect(await client.error()).toEqual(['offer_invalid', false]);
  });

  test('closes on broken WebSocket frames', async () => {
    const client = await Client.greeted();
    const { _socket: raw } = client.socket as unknown as { _socket: { write(bytes: Buffer): void } };

    raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));

    expect(await client.closed).toBe(1002);
    await noSessions();
  });

  test('wants hello first, and once', async () => {
    const client = await Client.open();
    client.say({ type: 'offer', sdp: 'v=0' });
    expect(await client.error()).toEqual(['state_invalid', false]);
    client.say({ type: 'change', identity: 'mask:gold' });
    expect(await client.error()).toEqual(['state_invalid', false]);
    client.say({ type: 'keyframe' });
    expect(await client.error()).toEqual(['state_invalid', false]);

    client.say({ type: 'hello', version: 1 });
    client.say({ type: 'hello', version: 1 });
    await client.hear('created');
    expect(await client.error()).toEqual(['state_invalid', false]);
  });

  test('refuses offers that it cannot answer, and the session goes on', async () => {
    const client = await Client.greeted();

    client.say({ type: 'offer', sdp: 'this is no SDP' });
    expect(await client.error()).toEqual(['offer_invalid', false]);

    const audioOnly = (await peer().offer()).replace(/m=video[\s\S]*?(?=m=audio|$)/, '');
    client.say({ type: 'offer', sdp: audioOnly });
    expect(await client.error()).toEqual(['no_video', false]);

    const unknown = (await peer({ video: ['VP8'] }).offer()).replaceAll('VP8/90000', 'XYZ/90000');
    client.say({ type: 'offer', sdp: unknown });
    expect(await client.error()).toEqual(['no_codec', false]);

    const caller = peer();
    client.say({ type: 'offer', sdp: await caller.offer() });
    await caller.connect((await client.hear('answer')).sdp);
  });

  test('answers an offer that is made twice, one after the other', async () => {
    const client = await Client.greeted();
    const caller = peer();
    const sdp = await caller.offer();

    client.say({ type: 'offer', sdp });
    client.say({ type: 'offer', sdp });

    const first = await client.hear('answer');
    await client.hear('answer');
    await caller.connect(first.sdp);
  });

  test('survives a close during negotiation', async () => {
    for (const leave of [
      (client: Client): void => client.socket.terminate(),
      (client: Client): void => client.say({ type: 'bye' }),
    ]) {
      const client = await Client.greeted();
      client.say({ type: 'offer', sdp: await peer().offer() });
      leave(client);
      await client.closed;
      await noSessions();
    }
    const early = await Client.open();
    early.say({ type: 'hello', version: 1 });
    early.socket.terminate();
    await early.closed;
    await noSessions();

    await Client.greeted();
  });

  test('changes identity and look live', async () => {
    const client = await Client.greeted({ identity: 'mask:gold' });
    const caller = peer();
    client.say({ type: 'offer', sdp: await caller.offer() });
    await caller.connect((await client.hear('answer')).sdp);

    client.say({ type: 'change', identity: 'mask:porcelain', look: { opacity: 0.5 } });
    expect(await client.hear('changed')).toMatchObject({ identity: 'mask:porcelain' });
    client.say({ type: 'change', look: { keepEyes: false } });
    expect(await client.hear('changed')).toMatchObject({ identity: 'mask:porcelain' });
    client.say({ type: 'change', identity: null });
    expect(await client.hear('changed')).toMatchObject({ identity: null });
  });

  test('says which of several faces wears whom, from hello on and live', async () => {
    const wearers = [{ identity: 'mask:gold', position: 'left' }, { identity: null }];
    const client = await Client.greeted({ identity: 'mask:porcelain', wearers });
    const caller = peer();
    client.say({ type: 'offer', sdp: await caller.offer() });
    await caller.connect((await client.hear('answer')).sdp);

    client.say({ type: 'change', wearers: [{ identity: 'mask:tiger', position: -1 }] });
    expect(await client.hear('changed')).toMatchObject({ identity: 'mask:porcelain' });
    client.say({ type: 'change', wearers: [] });
    await client.hear('changed');
    client.say({ type: 'change', wearers: [{ identity: 'own', position: 1 }] });
    expect(await client.error()).toEqual(['policy_not_allowed', false]);
  });

  test('hides every face where somebody whom one of them wears is not known any more', async () => {
    const wearers = [{ identity: '0123456789abcdef0123456789abcdef', position: 1 }];
    const client = await Client.greeted({ identity: 'mask:gold', wearers });
    expect(await client.error()).toEqual(['identity_unknown', false]);
  });

  test('knows no identity that was not uploaded, and hides the face then', async () => {
    const client = await Client.greeted({ identity: '0123456789abcdef0123456789abcdef' });
    expect(await client.error()).toEqual(['identity_unknown', false]);

    client.say({ type: 'change', identity: 'mask:nobody' });
    expect(await client.error()).toEqual(['identity_unknown', false]);
    client.say({ type: 'change', identity: '../../etc/passwd' });
    expect(await client.error()).toEqual(['identity_unknown', false]);
    client.say({ type: 'change', look: { opacity: 1 } });
    expect((await client.hear('changed')).identity).toBeNull();
  });

  test('allows only what the operator allows', async () => {
    const exposed = await Client.open();
    exposed.say({ type: 'hello', version: 1, policy: 'always' });
    expect(await exposed.error()).toEqual(['policy_not_allowed', true]);
    expect(await exposed.closed).toBe(1008);

    const unmarked = await Client.open();
    unmarked.say({ type: 'hello', version: 1, label: false });
    expect(await unmarked.error()).toEqual(['policy_not_allowed', true]);

    await Client.greeted({ policy: 'when-no-face', label: true });
  });

  test('refuses pages of other sites before there is a socket', async () => {
    const refusals: [string, number | undefined][] = [];
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1']) {
      const client = new Client({ origin });
      client.socket.on('unexpected-response', (_request, response) => {
        refusals.push([origin, response.statusCode]);
        client.socket.terminate();
      });
      client.socket.on('error', () => undefined);
      await client.closed;
    }
    expect(refusals.map(([, status]) => status)).toEqual([403, 403, 403]);

    await Client.open({ origin: `http://localhost:${gateway.port}` });
    await Client.open({ origin: 'https://studio.example' });
  });

  test('says when it is full, and when to come back', async () => {
    await Promise.all([Client.greeted(), Client.greeted(), Client.greeted()]);
    const fourth = await Client.open();

    fourth.say({ type: 'hello', version: 1 });

    const refused = await fourth.hear('error');
    expect(refused).toMatchObject({ code: 'capacity_full', fatal: true });
    expect(refused.retry).toBeGreaterThan(0);
    await fourth.closed;
  });

  test('breaks off a flood', async () => {
    const client = await Client.greeted();

    for (let count = 0; count < 1000; count++) client.say({ type: 'keyframe' });

    expect(await client.error()).toEqual(['rate_limited', true]);
    await client.closed;
    await noSessions();
  });
});

describe('at its end', () => {
  test('callers of a lost media worker are told to come back, and can', async () => {
    const client = await Client.greeted();

    process.kill(gateway.status.workers[0]?.pid ?? 0, 'SIGKILL');

    const lost = await client.hear('error');
    expect(lost).toMatchObject({ code: 'worker_lost', fatal: true });
    expect(lost.retry).toBeGreaterThan(0);
    expect(await client.closed).toBe(1001);
    await vi.waitUntil(() => gateway.status.workers.length > 0, PATIENCE);
    await Client.greeted();
  });

  test('the gateway tells its callers, and closes in bounded time', async () => {
    const client = await Client.greeted();

    await gateway.close();

    expect(await client.error()).toEqual(['closed', true]);
    expect(await client.closed).toBe(1001);
  });
});

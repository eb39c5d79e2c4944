import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { WebSocket } from 'ws';
import { WeriftPeer } from '../../../test/peer/werift-peer.ts';
import { configSchema } from '../../config/config.ts';
import { openGateway, type Gateway } from '../../gateway.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { PROTOCOL_VERSION, serverMessageSchema, type ServerMessage } from '../messages.ts';

process.env['GUISE_LOG'] = 'silent';

const SECRET = 'the secret of the operator';
const URLS = ['stun:stun.example:3478', 'turn:turn.example:3478?transport=tcp'];

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

let gateway: Gateway;
beforeAll(async () => {
  const port = await freePort();
  const config = configSchema.parse({
    port: 0,
    media: { pixelThreads: 1, announce: ['127.0.0.1'], udpPorts: { from: port, to: port } },
    sessions: { maximum: 5 },
    iceServers: { urls: URLS, secret: SECRET },
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
});
afterAll(() => gateway.close());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Caller {
  readonly socket: WebSocket;
  readonly heard: ServerMessage[];
  readonly closed: Promise<number>;
}

async function caller(): Promise<Caller> {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/session`);
  const heard: ServerMessage[] = [];
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (text: Buffer) => heard.push(serverMessageSchema.parse(JSON.parse(text.toString()))));
  closers.push(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', version: PROTOCOL_VERSION }));
  await heardOf({ socket, heard, closed }, 'created');
  return { socket, heard, closed };
}

async function heardOf<Type extends ServerMessage['type']>(
  { heard }: Caller,
  type: Type,
): Promise<Extract<ServerMessage, { type: Type }>> {
  const found = await vi.waitUntil(() => heard.find((message) => message.type === type), PATIENCE);
  return found as Extract<ServerMessage, { type: Type }>;
}

async function call(from: Caller): Promise<WeriftPeer> {
  const peer = new WeriftPeer();
  closers.push(() => peer.close());
  from.socket.send(JSON.stringify({ type: 'offer', sdp: await peer.offer() }));
  return peer;
}

describe('a gateway with one UDP port', () => {
  test('takes one call, tells the next to come back, and takes it when the first has gone', async () => {
    const first = await caller();
    const peer = await call(first);
    await peer.connect((await heardOf(first, 'answer')).sdp);

    const second = await caller();
    await call(second);
    const error = await heardOf(second, 'error');
    expect(error).toMatchObject({ code: 'capacity_full', fatal: true });
    expect(error.retry).toBeGreaterThan(0);
    expect(await second.closed).toBe(1008);

    first.socket.send(JSON.stringify({ type: 'bye' }));
    expect(await first.closed).toBe(1000);
    await vi.waitUntil(() => gateway.status.sessions === 0, PATIENCE);
    const third = await caller();
    await (await call(third)).connect((await heardOf(third, 'answer')).sdp);
  });
});

describe('a gateway with ICE servers', () => {
  test('tells each caller of them, with credentials of its own', async () => {
    const told = [await caller(), await caller()].map(({ heard }) => heard.find(({ type }) => type === 'created'));
    const [one, other] = told.map((message) => (message?.type === 'created' ? message.iceServers : undefined));
    expect(one?.map(({ urls }) => urls)).toEqual(URLS.map((url) => [url]));
    expect(one?.[1]?.username).toMatch(/^\d+:[0-9a-f]{16}$/);
    expect(one?.[1]?.credential).toMatch(/^[\w+/]{27}=$/);
    expect(other?.[1]?.username).not.toBe(one?.[1]?.username);
    expect(JSON.stringify(told)).not.toContain(SECRET);
  });

  test('tells nobody else', async () => {
    for (const path of ['/healthz', '/metrics', '/v1/identities']) {
      const text = await (await fetch(`http://127.0.0.1:${gateway.port}${path}`)).text();
      expect(text).not.toMatch(/turn|secret|credential/i);
    }
  });
});

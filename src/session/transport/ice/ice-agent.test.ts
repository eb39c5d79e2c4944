import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../../../test/support/patience.ts';
import { monotonic } from '../../../time.ts';
import { IceAgent, type IceMode } from './ice-agent.ts';
import { udpPorts } from './ports/udp-ports.ts';
import type { StunServer } from './stun/server-reflexive.ts';
import { parseStun } from './stun/stun.ts';
import { writeCheck, writeSuccess } from './stun/write-stun.ts';

const HOST = { bind: '127.0.0.1', announce: '127.0.0.1' };

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function open(mode: IceMode, servers: readonly StunServer[] = []): Promise<IceAgent> {
  const nothing = (): void => undefined;
  const agent = new IceAgent(mode, { onDtls: nothing, onMedia: nothing, onPath: nothing }, monotonic);
  closers.push(() => agent.close());
  await agent.open([udpPorts([HOST], undefined)], servers);
  return agent;
}

/** What each tells the other; `lite` is what it says of itself. */
function introduce(one: IceAgent, other: IceAgent, lite = { one: false, other: false }): void {
  one.setRemote({ ...other.credentials, lite: lite.other, candidates: other.candidates });
  other.setRemote({ ...one.credentials, lite: lite.one, candidates: one.candidates });
}

async function joined(one: IceAgent, other: IceAgent): Promise<void> {
  await vi.waitUntil(() => one.path !== undefined && other.path !== undefined, PATIENCE);
  expect(other.candidates[0]).toContain(` ${one.path?.address} ${one.path?.port} `);
  expect(one.candidates[0]).toContain(` ${other.path?.address} ${other.path?.port} `);
}

async function socket(): Promise<Socket> {
  const bound = createSocket('udp4');
  closers.push(() => bound.close());
  await new Promise<void>((resolve) => bound.bind(0, '127.0.0.1', resolve));
  return bound;
}

/** A STUN server that answers as `answer` says. */
async function stunServer(answer: (request: Buffer, from: Socket) => Buffer | undefined): Promise<StunServer> {
  const socket = createSocket('udp4');
  closers.push(() => socket.close());
  socket.on('message', (request, from) => {
    const response = answer(request, socket);
    if (response !== undefined) socket.send(response, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: socket.address().port };
}

const mappedTo = (address: string, port: number) => (request: Buffer) =>
  writeSuccess(parseStun(request)!.transaction, { address, port }, 'no password');

describe('two agents', () => {
  it('find each other where one is lite: the other chooses', async () => {
    const [full, lite] = [await open('full'), await open('lite')];
    introduce(full, lite, { one: false, other: true });
    await joined(full, lite);
  });

  it('find each other where both are full and both think that the other chooses', async () => {
    const [one, other] = [await open('full'), await open('full')];
    introduce(one, other);
    await joined(one, other);
  });

  it('need no candidates in the description: they may come before it, or after it', async () => {
    const [full, lite] = [await open('full'), await open('lite')];
    for (const line of lite.candidates) full.addCandidate(`${line} ufrag ${lite.credentials.ufrag}`);
    full.addCandidate(`${lite.candidates[0]} ufrag another`);
    lite.setRemote({ ...full.credentials, lite: false, candidates: [] });
    full.setRemote({ ...lite.credentials, lite: true, candidates: [] });
    await joined(full, lite);
    const late = await open('full');
    const peer = await open('lite');
    peer.setRemote({ ...late.credentials, lite: false, candidates: [] });
    late.setRemote({ ...peer.credentials, lite: true, candidates: [] });
    for (const line of peer.candidates) late.addCandidate(line);
    await joined(late, peer);
  });

  it('are not moved by answers that nobody asked for', async () => {
    const agent = await open('full');
    agent.setRemote({ ufrag: 'peer', password: 'x'.repeat(22), lite: false, candidates: [] });
    const port = Number(/ (\d+) typ/.exec(agent.candidates[0] ?? '')?.[1]);
    const stranger = createSocket('udp4');
    closers.push(() => stranger.close());
    for (let i = 0; i < 100; i++) {
      const forged = writeSuccess(Buffer.alloc(12, i), { address: '192.0.2.1', port: 1 }, 'x'.repeat(22));
      await new Promise((resolve) => stranger.send(forged, port, '127.0.0.1', resolve));
    }
    await vi.waitUntil(() => agent.figures.stunRefused === 100, PATIENCE);
    expect(agent.path).toBeUndefined();
  });
});

describe('a lite agent', () => {
  it('follows the peer’s checks, and not what somebody sends again of them from elsewhere', async () => {
    const agent = await open('lite');
    agent.setRemote({ ufrag: 'peer', password: 'x'.repeat(22), lite: false, candidates: [] });
    const { ufrag, password } = agent.credentials;
    const to = Number(/ (\d+) typ/.exec(agent.candidates[0] ?? '')?.[1]);
    const check = (transaction: number): Buffer => {
      const fields = { priority: 1, role: 'controlling', tieBreaker: 1n, useCandidate: true } as const;
      return writeCheck({ ...fields, transaction: Buffer.alloc(12, transaction), username: `${ufrag}:peer` }, password);
    };
    const [peer, moved, thief] = [await socket(), await socket(), await socket()];
    peer.send(check(1), to, '127.0.0.1');
    await vi.waitUntil(() => agent.path?.port === peer.address().port, PATIENCE);
    thief.send(check(1), to, '127.0.0.1');
    await vi.waitUntil(() => agent.figures.stunRefused === 1, PATIENCE);
    expect(agent.path?.port).toBe(peer.address().port);
    moved.send(check(2), to, '127.0.0.1');
    await vi.waitUntil(() => agent.path?.port === moved.address().port, PATIENCE);
    // A copy that was faster than the original keeps nobody away who is known.
    thief.send(check(3), to, '127.0.0.1');
    await vi.waitUntil(() => agent.path?.port === thief.address().port, PATIENCE);
    moved.send(check(3), to, '127.0.0.1');
    await vi.waitUntil(() => agent.path?.port === moved.address().port, PATIENCE);
  });
});

describe('behind a NAT', () => {
  it('an agent tells the address that a STUN server sees', async () => {
    const agent = await open('full', [await stunServer(mappedTo('198.51.100.7', 61000))]);
    expect(agent.candidates).toHaveLength(2);
    const own = / (\d+) typ host$/.exec(agent.candidates[0] ?? '')?.[1];
    expect(agent.candidates[1]).toMatch(
      new RegExp(`198\\.51\\.100\\.7 61000 typ srflx raddr 127\\.0\\.0\\.1 rport ${own}$`),
    );
  });

  it('it tells none where there is no NAT, and asks other servers where one is silent or unknown', async () => {
    const silent = await stunServer(() => undefined);
    const answering = await stunServer(mappedTo('198.51.100.7', 61000));
    const direct = await stunServer(mappedTo('127.0.0.1', 40000));
    const unknown = { host: 'no-such-host.invalid', port: 3478 };
    expect((await open('full', [direct])).candidates).toHaveLength(1);
    expect((await open('full', [silent, unknown, answering])).candidates).toHaveLength(2);
  });

  it('it waits no longer than a second for servers that say nothing, or nonsense', async () => {
    const silent = await stunServer(() => undefined);
    const nonsense = await stunServer(() => Buffer.from('00'.repeat(40), 'hex'));
    const forged = await stunServer(() => writeSuccess(Buffer.alloc(12), { address: '192.0.2.1', port: 1 }, ''));
    expect((await open('full', [silent, nonsense, forged])).candidates).toHaveLength(1);
  });

  it('it asks again when a request was lost', async () => {
    let asked = 0;
    const lossy = await stunServer((request) => (++asked < 3 ? undefined : mappedTo('198.51.100.7', 1)(request)));
    expect((await open('full', [lossy])).candidates).toHaveLength(2);
  });
});

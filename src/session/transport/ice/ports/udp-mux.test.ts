import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../../../../test/support/patience.ts';
import { monotonic } from '../../../../time.ts';
import { IceAgent } from '../ice-agent.ts';
import { parseStun } from '../stun/stun.ts';
import { writeCheck, writeSuccess } from '../stun/write-stun.ts';
import { UdpMux } from './udp-mux.ts';

const PEER = { ufrag: 'peer', password: 'a password of the peer', lite: false };

interface Session {
  readonly agent: IceAgent;
  readonly media: Buffer[];
}

let mux: UdpMux;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  mux = await UdpMux.open({ bind: '127.0.0.1', announce: '127.0.0.1' }, [0, 0]);
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  mux.close();
});

async function session(mode: 'lite' | 'full' = 'lite', candidates: string[] = []): Promise<Session> {
  const media: Buffer[] = [];
  const onMedia = (data: Buffer): unknown => media.push(data);
  const agent = new IceAgent(mode, { onMedia, onDtls: () => undefined, onPath: () => undefined }, monotonic);
  closers.push(() => agent.close());
  await agent.open([(events) => Promise.resolve([mux.share(events)])]);
  agent.setRemote({ ...PEER, candidates });
  return { agent, media };
}

async function client(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  closers.push(() => socket.close());
  await once(socket, 'listening');
  return socket;
}

/** Proves to a session that its peer is at this socket. */
async function prove(socket: Socket, { agent }: Session, useCandidate: boolean): Promise<void> {
  const { ufrag, password } = agent.credentials;
  const fields = { transaction: randomBytes(12), priority: 1, role: 'controlling', tieBreaker: 1n } as const;
  const answered = once(socket, 'message');
  socket.send(writeCheck({ ...fields, username: `${ufrag}:${PEER.ufrag}`, useCandidate }, password), mux.port);
  await answered;
}

/** Sends a packet that looks like media, and resolves when somebody or nobody has taken it. */
async function send(socket: Socket, mark: number, takers: readonly Session[]): Promise<void> {
  const before = takers.reduce((sum, { media }) => sum + media.length, mux.strangers);
  socket.send(Buffer.from([0x80, mark]), mux.port);
  await vi.waitUntil(() => takers.reduce((sum, { media }) => sum + media.length, mux.strangers) > before, PATIENCE);
}

const marks = ({ media }: Session): (number | undefined)[] => media.map((packet) => packet[1]);

describe('one UDP port for all sessions', () => {
  it('gives each session what comes from the addresses that its peer has proven, and nobody the rest', async () => {
    const [one, two] = [await session(), await session()];
    const [first, second, stranger] = [await client(), await client(), await client()];
    await prove(first, one, true);
    await prove(second, two, true);
    await send(first, 1, [one, two]);
    await send(second, 2, [one, two]);
    await send(stranger, 3, [one, two]);
    expect([marks(one), marks(two), mux.strangers]).toEqual([[1], [2], 1]);
    expect(one.agent.candidates[0]).toContain(` ${mux.port} typ host`);
  });

  it('does not give an address away over which a session has its media', async () => {
    const [one, two] = [await session(), await session()];
    const socket = await client();
    await prove(socket, one, true);
    await prove(socket, two, true);
    await send(socket, 1, [one, two]);
    expect([marks(one), marks(two)]).toEqual([[1], []]);
  });

  it('gives an address on that a session does not use, or that a closed one had', async () => {
    const [one, two, three] = [await session(), await session(), await session()];
    const socket = await client();
    await prove(socket, one, false);
    await prove(socket, two, true);
    await send(socket, 1, [one, two]);
    two.agent.close();
    await send(socket, 2, [one, two]);
    await prove(socket, three, true);
    await send(socket, 3, [one, two, three]);
    expect([marks(one), marks(two), marks(three)]).toEqual([[], [1], [3]]);
  });

  it('brings the answer to a check back to the session that asked', async () => {
    const socket = await client();
    const candidate = `candidate:1 1 udp 1 127.0.0.1 ${socket.address().port} typ host`;
    const [one, two] = [await session('full', [candidate]), await session('full')];
    const [request] = (await once(socket, 'message')) as [Buffer];
    const { transaction } = parseStun(request)!;
    const answer = writeSuccess(transaction, { address: '127.0.0.1', port: mux.port }, PEER.password);
    const before = one.agent.lastHeard;
    socket.send(answer, mux.port);
    await vi.waitUntil(() => one.agent.lastHeard > before, PATIENCE);
    expect([one.agent.figures.stunRefused, two.agent.figures.stunRefused]).toEqual([0, 0]);
    // The same answer again is nobody's.
    socket.send(answer, mux.port);
    await vi.waitUntil(() => mux.strangers === 1, PATIENCE);
  });

  it('drops what is too short, and STUN for nobody', async () => {
    const socket = await client();
    const noise = [0, 1, 19, 20, 100].map((size) => Buffer.alloc(size, 1));
    for (const packet of noise) socket.send(packet, mux.port);
    await vi.waitUntil(() => mux.strangers === noise.length, PATIENCE);
  });
});

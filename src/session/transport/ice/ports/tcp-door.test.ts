import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../../../../test/support/patience.ts';
import { monotonic } from '../../../../time.ts';
import { IceAgent } from '../ice-agent.ts';
import { writeCheck } from '../stun/write-stun.ts';
import { frame, FrameReader, MAXIMUM_FRAME } from './frame-reader.ts';
import { TcpDoor } from './tcp-door.ts';

const HOST = { bind: '127.0.0.1', announce: '127.0.0.1' };
const PEER = { ufrag: 'peer', password: 'a password of the peer', lite: false, candidates: [] };

// What is merely not collected yet is not held.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let door: TcpDoor;
let agent: IceAgent;
let media: Buffer[];
const sockets: Socket[] = [];

beforeEach(async () => {
  door = await TcpDoor.open(HOST, [0, 0]);
  media = [];
  const onMedia = (data: Buffer): unknown => media.push(data);
  agent = new IceAgent('lite', { onMedia, onDtls: () => undefined, onPath: () => undefined }, monotonic);
  await agent.open([(events) => Promise.resolve([door.share(events)])]);
  agent.setRemote(PEER);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  agent.close();
  door.close();
});

async function visitor(): Promise<Socket> {
  const socket = connect(door.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Settles when the other side has ended the connection. */
async function cut(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.destroyed) await once(socket, 'close');
}

function check(password = agent.credentials.password, ufrag = agent.credentials.ufrag): Buffer {
  const fields = { transaction: randomBytes(12), priority: 1, role: 'controlling', tieBreaker: 1n } as const;
  return writeCheck({ ...fields, username: `${ufrag}:${PEER.ufrag}`, useCandidate: true }, password);
}

/** A peer whose check was answered. */
async function peer(): Promise<Socket> {
  const socket = await visitor();
  socket.write(frame(check()));
  await once(socket, 'data');
  return socket;
}

const packet = (size: number): Buffer => Buffer.concat([Buffer.from([0x80]), Buffer.alloc(size - 1, 7)]);

describe('packets in a TCP stream', () => {
  it('come out as they went in, however the stream is cut', () => {
    const packets = [1, 2, 100, 1500, MAXIMUM_FRAME].map((size) => randomBytes(size));
    const stream = Buffer.concat(packets.map(frame));
    for (const step of [1, 2, 3, 7, 1000, stream.length]) {
      const reader = new FrameReader();
      const read: Buffer[] = [];
      for (let at = 0; at < stream.length; at += step) {
        read.push(...reader.push(stream.subarray(at, at + step))!.map((view) => Buffer.from(view)));
      }
      expect(Buffer.concat(read).equals(Buffer.concat(packets))).toBe(true);
      expect(read.map(({ length }) => length)).toEqual(packets.map(({ length }) => length));
    }
  });

  it('are refused when one claims to be longer than media is', () => {
    expect(new FrameReader().push(Buffer.from([0xff, 0xff, 1, 2, 3]))).toBeUndefined();
    expect(new FrameReader().push(Buffer.from([0, 0, 0, 0]))).toEqual([]);
  });
});

describe('the TCP door', () => {
  it('lets a peer in that proves itself, both ways', async () => {
    const socket = await peer();
    socket.write(Buffer.concat([frame(packet(900)), frame(packet(1200))]));
    await vi.waitUntil(() => media.length === 2, PATIENCE);
    expect(media.map(({ length }) => length)).toEqual([900, 1200]);
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    agent.send(packet(500));
    expect((await answered)[0]).toEqual(frame(packet(500)));
    expect(agent.candidates).toEqual([expect.stringMatching(/ tcp .* tcptype passive$/)]);
  });

  it.each([
    ['nothing that is a check', () => frame(packet(100))],
    ['a check for nobody', () => frame(check(undefined, 'nobody'))],
    ['a length beyond all media', () => Buffer.from([0xff, 0xff, 0])],
    ['TLS', () => Buffer.from('16030100f8010000f403', 'hex')],
    ['HTTP', () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    [
      'thousands of checks with a wrong password',
      () => Buffer.concat(Array(200).fill(frame(check('a wrong password')))),
    ],
  ])('cuts who says %s', async (_name, words) => {
    const socket = await visitor();
    socket.write(words());
    await cut(socket);
    await vi.waitUntil(() => door.figures.refused === 1, PATIENCE);
    expect(media).toEqual([]);
  });

  it('cuts who says nothing, or never finishes, in 5 s', async () => {
    const [silent, slow] = [await visitor(), await visitor()];
    slow.write(Buffer.from([0]));
    await Promise.all([cut(silent), cut(slow)]);
    await vi.waitUntil(() => door.figures.refused === 2, PATIENCE);
  });

  it('holds 16 of thousands of silent connections from one address, and a peer comes in after them', async () => {
    let silent: Socket[] = [];
    for (let batch = 0; batch < 15; batch++) {
      // A batch is shorter than the kernel's queue, so that the door sees every one of them.
      const added = Array.from({ length: 200 }, () => connect(door.port, '127.0.0.1').resume());
      for (const socket of added) socket.on('error', () => undefined);
      sockets.push(...added);
      await Promise.all(added.map((socket) => once(socket, 'connect')));
      silent = [...silent, ...added];
      await vi.waitUntil(() => silent.filter(({ destroyed }) => !destroyed).length <= 16, PATIENCE);
    }
    for (const socket of silent) socket.destroy();
    await vi.waitUntil(() => door.figures.refused === silent.length, PATIENCE);
    const socket = await peer();
    socket.write(frame(packet(10)));
    await vi.waitUntil(() => media.length === 1, PATIENCE);
  });

  it('holds 256 silent connections in all, the oldest goes first', async () => {
    const closed: number[] = [];
    for (let index = 0; index < 300; index++) {
      const localAddress = `127.0.1.${1 + Math.floor(index / 16)}`;
      const socket = connect({ port: door.port, host: '127.0.0.1', localAddress }).resume();
      socket.on('error', () => undefined).once('close', () => closed.push(index));
      sockets.push(socket);
      await once(socket, 'connect');
    }
    // Those that are held must prove themselves in time, or go too.
    await vi.waitUntil(() => closed.length >= 44, PATIENCE);
    expect(door.figures.refused).toBeGreaterThanOrEqual(44);
    expect(closed.slice(0, 44).sort((a, b) => a - b)).toEqual(Array.from({ length: 44 }, (_, index) => index));
  });

  it('drops what a slow reader does not take, and holds no more than its bound', async () => {
    const socket = await peer();
    socket.pause();
    const data = packet(1200);
    collectGarbage();
    const before = process.memoryUsage();
    for (let i = 0; i < 200_000; i++) {
      agent.send(data);
      // The loop gets to write what the kernel takes.
      if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    collectGarbage();
    const after = process.memoryUsage();
    // 240 MB were sent; the kernel's own buffers are not ours.
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(30e6);
    socket.destroy();
    await vi.waitUntil(() => door.figures.dropped > 0, PATIENCE);
    expect(door.figures.dropped).toBeGreaterThan(100_000);
  });

  it('keeps eight connections of a session at most, and the one with media among them', async () => {
    const first = await peer();
    const others: Socket[] = [];
    for (let i = 0; i < 20; i++) {
      const socket = await visitor();
      const fields = { transaction: randomBytes(12), priority: 1, role: 'controlling', tieBreaker: 1n } as const;
      const username = `${agent.credentials.ufrag}:${PEER.ufrag}`;
      socket.write(frame(writeCheck({ ...fields, username, useCandidate: false }, agent.credentials.password)));
      await once(socket, 'data');
      socket.resume();
      others.push(socket);
    }
    await vi.waitUntil(() => others.filter(({ destroyed }) => !destroyed).length === 7, PATIENCE);
    first.write(frame(packet(10)));
    await vi.waitUntil(() => media.length === 1, PATIENCE);
  });

  it('lets the goodbye out when the session ends, then ends the connection', async () => {
    const socket = await peer();
    const [data] = await Promise.all([
      once(socket, 'data') as Promise<[Buffer]>,
      Promise.resolve().then(() => {
        agent.send(packet(77));
        agent.close();
      }),
    ]);
    expect(data[0]).toEqual(frame(packet(77)));
    await cut(socket);
    const late = await visitor();
    late.write(frame(check()));
    await cut(late);
  });
});

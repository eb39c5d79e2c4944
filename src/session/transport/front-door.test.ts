import { createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { TransportServer } from '../../../test/peer/transport-server.ts';
import { WeriftPeer } from '../../../test/peer/werift-peer.ts';

/** close_notify in the clear, as anybody can send it; with `epoch` 1 it claims to be encrypted. */
const alert = (epoch: number): Buffer => Buffer.from([21, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0]);
const UNKNOWN_RECORD = Buffer.from([60, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0]);
/** A ClientHello record without content. */
const HELLO = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

let server: TransportServer;
let peer: WeriftPeer;
const sockets: Socket[] = [];

/** A call that is up, the port it is on, and the answer's credentials. */
async function callUp(): Promise<{ port: number; ufrag: string; password: string }> {
  server = new TransportServer();
  peer = new WeriftPeer();
  const offer = await peer.offer();
  const { sdp } = await server.transport.answer(offer);
  await Promise.all([peer.connect(sdp), server.until(() => server.transport.state === 'connected')]);
  const value = (pattern: RegExp): string => pattern.exec(sdp)?.[1] ?? '';
  return {
    port: Number(value(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)/)),
    ufrag: `${value(/a=ice-ufrag:(\S+)/)}:${/a=ice-ufrag:(\S+)/.exec(offer)?.[1] ?? ''}`,
    password: value(/a=ice-pwd:(\S+)/),
  };
}

async function stranger(): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

async function flood(socket: Socket, port: number, packets: readonly Buffer[]): Promise<void> {
  for (const packet of packets) {
    await new Promise((resolve) => socket.send(packet, port, '127.0.0.1', resolve));
  }
}

/** The proof that the session lives: a packet sent now arrives, after all that was sent before. */
async function expectAlive(): Promise<void> {
  const before = server.rtp.length;
  peer.sendRtp('video', Buffer.from('alive'), 1);
  await server.until(() => server.rtp.length > before);
  expect(server.rtp).toHaveLength(before + 1);
  expect(server.transport.state).toBe('connected');
}

function bindingRequest(username: string, password: string | undefined, useCandidate = true): Buffer {
  const name = Buffer.from(username);
  const attributes = [Buffer.from([0, 6, 0, name.length]), name, Buffer.alloc((4 - (name.length % 4)) % 4)];
  if (useCandidate) attributes.push(Buffer.from([0, 0x25, 0, 0]));
  const head = Buffer.alloc(20);
  head.writeUInt16BE(1, 0);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  const body = Buffer.concat(attributes);
  head.writeUInt16BE(body.length + (password === undefined ? 0 : 24), 2);
  if (password === undefined) return Buffer.concat([head, body]);
  const digest = createHmac('sha1', password).update(head).update(body).digest();
  return Buffer.concat([head, body, Buffer.from([0, 8, 0, 20]), digest]);
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  server.transport.close();
  await peer.close();
});

describe('the front door', () => {
  it('ignores DTLS from a stranger, and alerts in the clear even from the peer’s own address', async () => {
    const { port } = await callUp();
    const records = [alert(0), alert(1), UNKNOWN_RECORD, HELLO, Buffer.concat([HELLO, alert(0)])];
    await flood(await stranger(), port, records);
    for (const record of records) peer.sendRaw(record);
    await expectAlive();
    expect(server.transport.figures.strangers).toBe(records.length);
  });

  it('ignores 600 STUN requests that lack integrity or have a wrong one, and does not move the path', async () => {
    const { port, ufrag } = await callUp();
    const socket = await stranger();
    let answers = 0;
    socket.on('message', () => answers++);
    const requests = Array.from({ length: 300 }, () => [
      bindingRequest(ufrag, undefined),
      bindingRequest(ufrag, 'a password that is wrong'),
    ]).flat();
    await flood(socket, port, requests);
    await expectAlive();
    expect(server.transport.figures).toMatchObject({ stunRefused: 600, moves: 0 });
    expect(answers).toBe(0);
  });

  it('ignores SRTP look-alikes, from strangers and from the peer’s own address', async () => {
    const { port } = await callUp();
    const garbage = Array.from({ length: 200 }, (_, i) => {
      const packet = randomBytes(20 + i);
      packet[0] = 0x80;
      packet[1] = i % 2 === 0 ? 96 : 200;
      return packet;
    });
    await flood(await stranger(), port, garbage);
    for (const packet of garbage) peer.sendRaw(packet);
    await expectAlive();
    expect(server.transport.figures).toMatchObject({ strangers: 200, srtpRefused: 200 });
  });

  it('ignores any first byte and any length', async () => {
    const { port } = await callUp();
    const packets = Array.from({ length: 256 }, (_, first) =>
      Buffer.concat([Buffer.from([first]), randomBytes(first)]),
    );
    await flood(await stranger(), port, [...packets, Buffer.alloc(0)]);
    for (const packet of packets) peer.sendRaw(packet);
    await expectAlive();
  });

  it('takes every packet once, however often it is sent', async () => {
    await callUp();
    const captured: Buffer[] = [];
    peer.tap((data) => captured.push(Buffer.from(data)));
    for (let i = 0; i < 10; i++) peer.sendRtp('video', Buffer.from(`packet ${i}`), i);
    await server.until(() => server.rtp.length === 10);
    for (const packet of captured.slice(0, 10)) peer.sendRaw(packet);
    await expectAlive();
    expect(server.transport.figures.srtpRefused).toBe(10);
  });

  it('answers who knows the password, and follows the peer to a new address', async () => {
    const { port, ufrag, password } = await callUp();
    const socket = await stranger();
    const answered = once(socket, 'message') as Promise<[Buffer]>;
    await flood(socket, port, [bindingRequest(ufrag, password)]);
    const [response] = await answered;
    expect(response.readUInt16BE(0)).toBe(0x0101);
    expect(response.readUInt16BE(26) ^ 0x2112).toBe(socket.address().port);
    expect(server.transport.figures.moves).toBe(1);
    const moved = once(socket, 'message') as Promise<[Buffer]>;
    server.transport.sendRtcp(Buffer.from('80c9000100000001', 'hex'));
    expect((await moved)[0][1]).toBe(201);
  });

  it('tells a peer that thinks itself controlled that it is not', async () => {
    const { port, ufrag, password } = await callUp();
    const request = bindingRequest(ufrag, undefined, false);
    const controlled = Buffer.concat([request, Buffer.from('802900080000000000000001', 'hex')]);
    controlled.writeUInt16BE(controlled.length - 20 + 24, 2);
    const digest = createHmac('sha1', password).update(controlled).digest();
    const socket = await stranger();
    const answered = once(socket, 'message') as Promise<[Buffer]>;
    await flood(socket, port, [Buffer.concat([controlled, Buffer.from([0, 8, 0, 20]), digest])]);
    const [response] = await answered;
    expect(response.readUInt16BE(0)).toBe(0x0111);
    expect(response.readUInt16BE(26)).toBe(0x0457);
  });
});

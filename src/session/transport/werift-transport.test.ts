import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { WeriftPeer } from '../../../test/peer/werift-peer.ts';
import { monotonic } from '../../time.ts';
import type { ArrivedPacket, TransportState } from './transport.ts';
import { WeriftTransport, type TransportSettings } from './werift-transport.ts';

const LOOPBACK: TransportSettings = { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

class Server {
  readonly rtp: ArrivedPacket[] = [];
  readonly rtcp: ArrivedPacket[] = [];
  readonly states: [TransportState, string | undefined][] = [];
  readonly transport: WeriftTransport;
  #wake: (() => void)[] = [];

  constructor(settings: TransportSettings = LOOPBACK) {
    this.transport = new WeriftTransport(
      settings,
      {
        onRtp: (packet) => this.#notify(this.rtp.push(packet)),
        onRtcp: (packet) => this.#notify(this.rtcp.push(packet)),
        onState: (state, reason) => this.#notify(this.states.push([state, reason])),
      },
      monotonic,
    );
    closers.push(() => this.transport.close());
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #notify(_count: number): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}

function newPeer(options?: ConstructorParameters<typeof WeriftPeer>[0]): WeriftPeer {
  const peer = new WeriftPeer(options);
  closers.push(() => peer.close());
  return peer;
}

async function connect(server: Server, peer: WeriftPeer): Promise<void> {
  const { sdp } = await server.transport.answer(await peer.offer());
  await Promise.all([peer.connect(sdp), server.until(() => server.transport.state === 'connected')]);
}

/** A minimal RTP packet. */
function rtpPacket(options: { ssrc: number; payloadType: number; sequence: number; payload: Buffer }): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = options.payloadType | 0x80;
  header.writeUInt16BE(options.sequence, 2);
  header.writeUInt32BE(3000, 4);
  header.writeUInt32BE(options.ssrc, 8);
  return Buffer.concat([header, options.payload]);
}

describe('a session with a real peer', () => {
  it('carries media both ways, encrypted', async () => {
    const server = new Server();
    const peer = newPeer();
    const { sdp, media } = await server.transport.answer(await peer.offer());
    await Promise.all([peer.connect(sdp), server.until(() => server.transport.state === 'connected')]);

    peer.sendRtp('video', Buffer.from('from the camera'), 9000);
    await server.until(() => server.rtp.length === 1);
    expect(server.rtp[0]?.data.subarray(-15)).toEqual(Buffer.from('from the camera'));

    const send = media.find(({ kind }) => kind === 'video')?.send;
    const { ssrc = 0, codec } = send ?? {};
    const payload = Buffer.from('swapped');
    server.transport.sendRtp(rtpPacket({ ssrc, payloadType: codec?.payloadType ?? 0, sequence: 7, payload }));
    await peer.until(() => peer.packets.length === 1);
    expect(peer.packets[0]).toMatchObject({ ssrc, sequence: 7, payload });
  });

  it('carries RTCP both ways', async () => {
    const server = new Server();
    const peer = newPeer();
    await connect(server, peer);

    // An empty receiver report and a PLI.
    const report = Buffer.from('80c9000100000001', 'hex');
    server.transport.sendRtcp(report);
    await peer.until(() => peer.rtcp.some(({ type }) => type === 201));

    await peer.pc.getTransceivers()[0]?.receiver.sendRtcpPLI(77);
    await server.until(() => server.rtcp.some(({ data }) => data[1] === 206));
  });

  it('tells the peer when it closes', async () => {
    const server = new Server();
    const peer = newPeer();
    await connect(server, peer);
    server.transport.close();
    server.transport.close();
    await peer.until(() => peer.dtlsState === 'closed');
    expect(server.states.filter(([state]) => state === 'closed')).toEqual([['closed', 'closed']]);
  });

  it('closes by itself when the peer is not heard any more', async () => {
    const server = new Server({ ...LOOPBACK, silence: 1500 });
    const peer = newPeer();
    await connect(server, peer);
    await peer.close();
    await server.until(() => server.transport.state === 'closed');
    expect(server.states.at(-1)).toEqual(['closed', 'silent']);
  });
});

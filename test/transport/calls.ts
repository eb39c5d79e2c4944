/** Calls between a transport under test and a peer that shares no code with it; all of them end with the test. */
import { createSocket, type Socket } from 'node:dgram';
import { afterEach } from 'vitest';
import type { CreateTransport } from '../../src/session/transport/create-transport.ts';
import { SharedDoors } from '../../src/session/transport/shared-doors.ts';
import type { TransportSettings } from '../../src/session/transport/transport-settings.ts';
import type { NegotiatedMedia, Transport } from '../../src/session/transport/transport.ts';
import { connect, LOOPBACK, TransportServer } from '../peer/transport-server.ts';
import { WeriftPeer, type PeerOptions } from '../peer/werift-peer.ts';

export type Server = TransportServer<Transport>;

/** A call that is up. */
export interface Call {
  readonly server: Server;
  readonly peer: WeriftPeer;
  readonly media: readonly NegotiatedMedia[];
  /** The peer's last offer and its answer. */
  readonly offer: string;
  readonly answer: string;
}

const closers: (() => unknown)[] = [];

/** Opens what a test needs. */
export class Calls {
  readonly #create: Promise<CreateTransport>;

  constructor(create: Promise<CreateTransport>) {
    this.#create = create;
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close();
    });
  }

  /** Has `close` called at the end of the test. */
  closing(close: () => unknown): void {
    closers.push(close);
  }

  async server(settings: TransportSettings = LOOPBACK): Promise<Server> {
    const server = new TransportServer<Transport>(settings, await this.#create);
    closers.push(() => server.transport.close());
    return server;
  }

  /** Settings by which all sessions share one UDP port. */
  async onePort(): Promise<TransportSettings> {
    const reach = { udpPorts: null, tcp: null, announce: ['127.0.0.1'], ice: 'lite', stunServers: [] } as const;
    const doors = await SharedDoors.open({ ...reach, udpMux: { from: 0, to: 0 } });
    closers.push(() => doors.close());
    return doors.settings;
  }

  peer(options?: PeerOptions): WeriftPeer {
    const peer = new WeriftPeer(options);
    closers.push(() => peer.close());
    return peer;
  }

  async up(settings?: TransportSettings, options?: PeerOptions): Promise<Call> {
    const [server, peer] = [await this.server(settings), this.peer(options)];
    const offer = await peer.offer();
    const { sdp, media } = await server.transport.answer(offer);
    await Promise.all([peer.connect(sdp), server.until(() => server.transport.state === 'connected')]);
    return { server, peer, media, offer, answer: sdp };
  }

  /** A UDP socket of somebody who is not the peer. */
  async stranger(): Promise<Socket> {
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return socket;
  }
}

export { connect, LOOPBACK };

/** Port and credentials that an answer gives. */
export function readAnswer(sdp: string): { readonly port: number; readonly ufrag: string; readonly password: string } {
  const value = (pattern: RegExp): string => pattern.exec(sdp)?.[1] ?? '';
  return {
    port: Number(value(/^a=candidate:\S+ 1 udp \d+ \S+ (\d+)/m)),
    ufrag: value(/^a=ice-ufrag:(\S+)/m),
    password: value(/^a=ice-pwd:(\S+)/m),
  };
}

/** The proof that a call lives: a packet sent now arrives, after all that was sent before, and nothing else did. */
export async function expectAlive({ server, peer }: Pick<Call, 'server' | 'peer'>): Promise<void> {
  const before = server.rtp.length;
  const payload = Buffer.from(`alive ${before}`);
  peer.sendRtp('video', payload, 1);
  await server.until(() => server.rtp.length > before);
  const arrived = server.rtp.slice(before).map(({ data }) => Buffer.from(data.subarray(12)).toString());
  if (arrived.join() !== payload.toString()) throw new Error(`only one packet must arrive: ${arrived.join()}`);
  if (server.transport.state !== 'connected') throw new Error('the call must be up');
}

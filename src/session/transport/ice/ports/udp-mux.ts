import type { Socket } from 'node:dgram';
import type { HostAddress } from '../addresses.ts';
import type { Remote } from '../stun/internet-address.ts';
import { COOKIE, HEADER, receiverFragment, transactionKey } from '../stun/stun.ts';
import type { LocalPort, PortEvents } from './local-port.ts';
import { bindUdp, type PortRange } from './udp-socket.ts';

/** Requests of ours whose answer is waited for; a session has at most a few dozen, and only while it connects. */
const MAXIMUM_ASKED = 16_384;

/**
 * One UDP socket for all sessions of the worker. Requests find their session by the user fragment, answers by their
 * transaction, everything else by its address, which belongs to the session whose peer has proven to be there.
 */
export class UdpMux {
  readonly host: HostAddress;
  readonly port: number;
  /** Packets that were nobody's. */
  strangers = 0;
  readonly #socket: Socket;
  readonly #admitted = new Map<string, MuxPort>();
  readonly #owners = new Map<string, MuxPort>();
  readonly #asked = new Map<string, MuxPort>();
  #closed = false;

  private constructor(socket: Socket, host: HostAddress) {
    this.#socket = socket;
    this.host = host;
    this.port = socket.address().port;
    socket.on('message', (data, from) => this.#receive(data, from));
  }

  /** @throws GatewayError capacity_full, config_invalid */
  static async open(host: HostAddress, range: PortRange): Promise<UdpMux> {
    return new UdpMux(await bindUdp(host, range), host);
  }

  /** A session's share of it. */
  share(events: PortEvents): LocalPort {
    const port: MuxPort = new MuxPort(this, events, {
      send: (data, to) => {
        if (!this.#closed) this.#socket.send(data, to.port, to.address);
      },
      ask: (transaction) => this.#expect(transaction, port),
      admit: (ufrag) => this.#admitted.set(ufrag, port),
      withdraw: (ufrag) => this.#admitted.delete(ufrag),
      claim: (key, remote) => this.#claim(key, { remote, claimant: port }),
      release: (key) => {
        if (this.#owners.get(key) === port) this.#owners.delete(key);
      },
    });
    return port;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #receive(data: Buffer, from: Remote): void {
    const port = this.#ownerOf(data, from);
    if (port === undefined) this.strangers++;
    else port.take(data, from);
  }

  #ownerOf(data: Buffer, from: Remote): MuxPort | undefined {
    if ((data[0] ?? 0) >= 4) return this.#owners.get(keyOf(from));
    if (data.length < HEADER || data.readUInt32BE(4) !== COOKIE) return undefined;
    const ufrag = receiverFragment(data);
    if (ufrag !== undefined) return this.#admitted.get(ufrag);
    const key = transactionKey(data.subarray(8, HEADER));
    const asker = this.#asked.get(key);
    this.#asked.delete(key);
    return asker;
  }

  #expect(transaction: string, port: MuxPort): void {
    if (this.#asked.size >= MAXIMUM_ASKED) {
      const oldest = this.#asked.keys().next().value;
      if (oldest !== undefined) this.#asked.delete(oldest);
    }
    this.#asked.set(transaction, port);
  }

  /**
   * A NAT may give an address to another peer while the session of the one before still remembers it. But who can forge
   * source addresses must not take a session's media away: where it runs, it stays.
   */
  #claim(key: string, { remote, claimant }: { remote: Remote; claimant: MuxPort }): void {
    const owner = this.#owners.get(key);
    if (owner === undefined || !owner.isInUse(remote)) this.#owners.set(key, claimant);
  }
}

/** What a session's share asks of the socket. */
interface MuxShare {
  send(data: Uint8Array, to: Remote): void;
  ask(transaction: string): void;
  admit(ufrag: string): void;
  withdraw(ufrag: string): void;
  claim(key: string, remote: Remote): void;
  release(key: string): void;
}

class MuxPort implements LocalPort {
  readonly transport = 'udp';
  readonly host: HostAddress;
  readonly port: number;
  readonly #events: PortEvents;
  readonly #share: MuxShare;
  readonly #ufrags = new Set<string>();
  readonly #claimed = new Set<string>();
  #closed = false;

  constructor(mux: Pick<UdpMux, 'host' | 'port'>, events: PortEvents, share: MuxShare) {
    this.host = mux.host;
    this.port = mux.port;
    this.#events = events;
    this.#share = share;
  }

  send(data: Uint8Array, to: Remote): void {
    if (!this.#closed) this.#share.send(data, to);
  }

  ask(request: Buffer, to: Remote): void {
    if (this.#closed) return;
    this.#share.ask(transactionKey(request.subarray(8, HEADER)));
    this.#share.send(request, to);
  }

  admit(ufrag: string): void {
    this.#ufrags.add(ufrag);
    this.#share.admit(ufrag);
  }

  trust(remote: Remote): void {
    const key = keyOf(remote);
    this.#claimed.add(key);
    this.#share.claim(key, remote);
  }

  forget(remote: Remote): void {
    const key = keyOf(remote);
    this.#claimed.delete(key);
    this.#share.release(key);
  }

  close(): void {
    this.#closed = true;
    for (const ufrag of this.#ufrags) this.#share.withdraw(ufrag);
    for (const key of this.#claimed) this.#share.release(key);
    this.#ufrags.clear();
    this.#claimed.clear();
  }

  take(data: Buffer, from: Remote): void {
    if (!this.#closed) this.#events.onPacket(this, data, from);
  }

  isInUse(remote: Remote): boolean {
    return !this.#closed && this.#events.isInUse(this, remote);
  }
}

function keyOf({ address, port }: Remote): string {
  return `${address}:${port}`;
}

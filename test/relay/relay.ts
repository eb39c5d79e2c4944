import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { monotonic, type Milli } from '../../src/time.ts';
import type { Impairment } from './impairment.ts';
import { Link, type LinkCounters, type PacketRecord } from './link.ts';
import { throughRelay } from './answer.ts';

/** `up` goes from the client to the gateway, `down` back. */
export type Direction = 'up' | 'down';

/** What a relay does from a time on; times in ms after `Relay.start`. */
export interface Step {
  readonly at: Milli;
  readonly up?: Partial<Impairment>;
  readonly down?: Partial<Impairment>;
  /** Gives every client a new port towards the gateway, as a NAT does that has forgotten it. */
  readonly rebind?: true;
}

export interface RelayOptions {
  /** Of all chances. Default 1. */
  readonly seed?: number;
  readonly up?: Partial<Impairment>;
  readonly down?: Partial<Impairment>;
  /** Sees each datagram as it comes to the relay. */
  readonly tap?: (direction: Direction, bytes: Buffer) => void;
}

interface Datagram {
  readonly bytes: Buffer;
  readonly socket: Socket;
  readonly port: number;
  readonly address: string;
}

/** A client behind the relay: where it is, and its socket towards the gateway. */
interface Client {
  readonly address: string;
  readonly port: number;
  upstream: Socket;
}

/** One candidate of a gateway, and the port that stands for it. */
interface Flow {
  /** Of the call that it belongs to, from 0 in the order of their beginning. */
  readonly number: number;
  readonly front: Socket;
  readonly target: { readonly address: string; readonly port: number };
  readonly clients: Map<string, Client>;
  /** The client that sent last what is no STUN: that of the path in use. */
  speaker?: Client;
}

const LOOPBACK = '127.0.0.1';
/** A stall of the process must not lose packets that no counter sees; the kernel gives as much of this as it may. */
const SOCKET_BUFFER = 4 * 1024 * 1024;
/** A timer fires up to a millisecond late: what is due within half of one goes now. */
const EARLY: Milli = 0.5;
/** Client addresses of a flow: a browser tries each of its interfaces. */
const MOST_CLIENTS = 16;

/**
 * A UDP relay on the loopback that spoils what passes. A client comes to a gateway through it if the candidates in the
 * gateway's answer are replaced by `through(answer)`. All flows of a relay share its two links, as calls behind one
 * access line do.
 */
export class Relay {
  readonly #links: Record<Direction, Link<Datagram>>;
  readonly #flows: Flow[] = [];
  /** Ports that a NAT has forgotten: packets to them vanish, no error goes back. */
  readonly #forgotten: Socket[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #tap: (direction: Direction, bytes: Buffer) => void;
  #wake: NodeJS.Timeout | undefined;
  #wakeAt: Milli = Infinity;
  #calls = 0;
  #closed = false;

  constructor({ seed = 1, up, down, tap = () => undefined }: RelayOptions = {}) {
    this.#tap = tap;
    this.#links = { up: new Link(seed * 2 + 1, up), down: new Link(seed * 2 + 2, down) };
  }

  /** An answer of the gateway with its candidates replaced by ports of this relay. Only UDP over IPv4 goes through. */
  through(answer: string): Promise<string> {
    const number = this.#calls++;
    const known = new Map<string, Promise<number>>();
    return throughRelay(answer, (address, port) => {
      const key = `${address}:${port}`;
      const own = known.get(key) ?? this.#open(address, port, number);
      known.set(key, own);
      return own;
    });
  }

  /** Opens a port of 127.0.0.1 that stands for the gateway's; a flow of its own, even to the same place. */
  flow(address: string, port: number): Promise<number> {
    return this.#open(address, port, this.#calls++);
  }

  /** Changes a link from now on. */
  set(direction: Direction, change: Partial<Impairment>): void {
    this.#links[direction].set(change);
  }

  /** Lets the steps happen, each at its time from now. Returns now. */
  start(steps: readonly Step[]): Milli {
    for (const step of steps) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#apply(step);
      }, step.at);
      this.#timers.add(timer);
    }
    return monotonic.now();
  }

  /** Gives every client a new port towards the gateway. */
  rebind(): void {
    for (const flow of this.#flows) {
      for (const client of flow.clients.values()) {
        client.upstream.removeAllListeners('message');
        this.#forgotten.push(client.upstream);
        client.upstream = this.#upstream(flow, client);
      }
    }
  }

  /** Sends to the gateway from the address of the client that is in a call: what somebody sends who can forge addresses. */
  inject(bytes: Uint8Array): void {
    for (const { speaker, target } of this.#flows) speaker?.upstream.send(bytes, target.port, target.address);
  }

  counters(direction: Direction): LinkCounters {
    return { ...this.#links[direction].counters };
  }

  /** What went into a link since an instant of the monotonic clock. */
  records(direction: Direction, since: Milli = -Infinity): PacketRecord[] {
    return this.#links[direction].records.filter(({ at }) => at >= since);
  }

  /** Idempotent. What is on its way is forgotten. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#wake);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { front, clients } of this.#flows) {
      front.close();
      for (const { upstream } of clients.values()) upstream.close();
    }
    for (const socket of this.#forgotten) socket.close();
  }

  async #open(address: string, port: number, number: number): Promise<number> {
    const front = openSocket();
    const flow: Flow = { number, front, target: { address, port }, clients: new Map() };
    this.#flows.push(flow);
    front.on('message', (bytes, from) => this.#fromClient(flow, bytes, from));
    front.bind(0, LOOPBACK);
    await once(front, 'listening');
    return front.address().port;
  }

  #apply(step: Step): void {
    if (step.up) this.set('up', step.up);
    if (step.down) this.set('down', step.down);
    if (step.rebind) this.rebind();
  }

  #fromClient(flow: Flow, bytes: Buffer, { address, port }: RemoteInfo): void {
    const key = `${address}:${port}`;
    let client = flow.clients.get(key);
    if (!client) {
      if (flow.clients.size === MOST_CLIENTS) return;
      const place = { address, port };
      client = { ...place, upstream: this.#upstream(flow, place) };
      flow.clients.set(key, client);
    }
    if ((bytes[0] ?? 0) >= 4) flow.speaker = client;
    this.#push('up', flow.number, { bytes, socket: client.upstream, ...flow.target });
  }

  #upstream(flow: Flow, { address, port }: Pick<Client, 'address' | 'port'>): Socket {
    const socket = openSocket();
    socket.on('message', (bytes, from) => {
      // By the port alone: a gateway that binds no address answers 127.0.0.1 from there, whichever address was asked.
      if (from.port !== flow.target.port) return;
      this.#push('down', flow.number, { bytes, socket: flow.front, address, port });
    });
    socket.bind(0, LOOPBACK);
    return socket;
  }

  #push(direction: Direction, flow: number, datagram: Datagram): void {
    this.#tap(direction, datagram.bytes);
    this.#links[direction].push(datagram, datagram.bytes.length, flow, monotonic.now());
    this.#deliver();
  }

  #deliver(): void {
    const now = monotonic.now();
    for (const link of [this.#links.up, this.#links.down]) {
      for (const { bytes, socket, port, address } of link.take(now + EARLY)) socket.send(bytes, port, address);
    }
    this.#arm(now);
  }

  /** One timer, for the packet that is due first. */
  #arm(now: Milli): void {
    const nextAt = Math.min(this.#links.up.nextAt, this.#links.down.nextAt);
    if (this.#closed || nextAt >= this.#wakeAt) return;
    clearTimeout(this.#wake);
    this.#wakeAt = nextAt;
    this.#wake = setTimeout(
      () => {
        this.#wakeAt = Infinity;
        this.#deliver();
      },
      Math.max(1, Math.floor(nextAt - now)),
    );
  }
}

function openSocket(): Socket {
  return createSocket({ type: 'udp4', recvBufferSize: SOCKET_BUFFER, sendBufferSize: SOCKET_BUFFER });
}

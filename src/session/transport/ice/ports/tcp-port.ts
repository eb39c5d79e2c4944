import type { HostAddress } from '../addresses.ts';
import type { Remote } from '../stun/internet-address.ts';
import type { LocalPort, PortEvents } from './local-port.ts';
import type { TcpConnection } from './tcp-connection.ts';

/** Connections of one session; a browser opens one for each of our candidates, and one more after a change of network. */
const MAXIMUM_CONNECTIONS = 8;

/** What a session's share asks of its door. */
export interface TcpShare {
  admit(ufrag: string): void;
  withdraw(ufrag: string): void;
  onProven(connection: TcpConnection): void;
}

/** A session's share of a TCP door: the connections that named one of its user fragments. */
export class TcpPort implements LocalPort {
  readonly transport = 'tcp';
  readonly host: HostAddress;
  readonly port: number;
  readonly #events: PortEvents;
  readonly #share: TcpShare;
  readonly #ufrags = new Set<string>();
  readonly #connections = new Map<string, TcpConnection>();

  constructor(door: { readonly host: HostAddress; readonly port: number }, events: PortEvents, share: TcpShare) {
    this.host = door.host;
    this.port = door.port;
    this.#events = events;
    this.#share = share;
  }

  send(data: Uint8Array, to: Remote): void {
    this.#connections.get(keyOf(to))?.send(data);
  }

  ask(request: Buffer, to: Remote): void {
    this.send(request, to);
  }

  admit(ufrag: string): void {
    this.#ufrags.add(ufrag);
    this.#share.admit(ufrag);
  }

  trust(remote: Remote): void {
    const connection = this.#connections.get(keyOf(remote));
    if (connection === undefined || connection.proven) return;
    connection.prove();
    this.#share.onProven(connection);
  }

  forget(remote: Remote): void {
    this.#connections.get(keyOf(remote))?.cut();
  }

  close(): void {
    for (const ufrag of this.#ufrags) this.#share.withdraw(ufrag);
    for (const connection of this.#connections.values()) connection.close();
    this.#ufrags.clear();
    this.#connections.clear();
  }

  /** For the door: a connection that named one of our fragments. */
  adopt(connection: TcpConnection): void {
    if (this.#connections.size >= MAXIMUM_CONNECTIONS) this.#spare()?.cut();
    this.#connections.set(keyOf(connection.remote), connection);
  }

  /** For the door. */
  take(connection: TcpConnection, packet: Buffer): void {
    // After the session has closed nothing is taken, while its goodbye still goes out.
    if (this.#connections.get(keyOf(connection.remote)) === connection) {
      this.#events.onPacket(this, packet, connection.remote);
    }
  }

  /** For the door: it is closed. */
  lose(connection: TcpConnection): void {
    const key = keyOf(connection.remote);
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
  }

  /** The one to do without: whoever has proven nothing, else the oldest that carries no media. */
  #spare(): TcpConnection | undefined {
    const all = [...this.#connections.values()];
    return all.find(({ proven }) => !proven) ?? all.find(({ remote }) => !this.#events.isInUse(this, remote));
  }
}

function keyOf({ address, port }: Remote): string {
  return `${address}:${port}`;
}

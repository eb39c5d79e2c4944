import { createServer, type Server, type Socket } from 'node:net';
import { GatewayError } from '../../../../errors.ts';
import type { Milli } from '../../../../time.ts';
import type { HostAddress } from '../addresses.ts';
import { receiverFragment } from '../stun/stun.ts';
import type { LocalPort, PortEvents } from './local-port.ts';
import { TcpConnection } from './tcp-connection.ts';
import { TcpPort } from './tcp-port.ts';
import type { PortRange } from './udp-socket.ts';

/** Time for a new connection to prove itself: its first check comes with the handshake, and one may be lost. */
const PROOF_LIMIT: Milli = 5_000;
/** Connections that have proven nothing: all together, where the oldest goes first, and from one address. */
const MAXIMUM_UNPROVEN = 256;
const MAXIMUM_UNPROVEN_OF_ADDRESS = 16;
/** All connections of one listening socket, so that they do not take every file descriptor of the process. */
const MAXIMUM_CONNECTIONS = 4096;

/** What was turned away. */
export interface TcpFigures {
  /** Connections that ended before they proved to be a peer's. */
  refused: number;
  /** Packets that were not sent, since their peer reads too slowly. */
  dropped: number;
}

/**
 * Where peers connect that cannot use UDP (RFC 6544, passive): one listening socket for all sessions of the worker. A
 * connection goes to the session whose user fragment its first check names, and stays if that session finds it proven.
 */
export class TcpDoor {
  readonly host: HostAddress;
  readonly port: number;
  readonly figures: TcpFigures = { refused: 0, dropped: 0 };
  readonly #server: Server;
  readonly #admitted = new Map<string, TcpPort>();
  /** In the order of their arrival. */
  readonly #unproven = new Map<TcpConnection, NodeJS.Timeout>();
  readonly #owners = new Map<TcpConnection, TcpPort>();

  private constructor(server: Server, host: HostAddress, port: number) {
    this.#server = server;
    this.host = host;
    this.port = port;
    server.maxConnections = MAXIMUM_CONNECTIONS;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Listens at the first free port of the range. @throws GatewayError config_invalid */
  static async open(host: HostAddress, [first, last]: PortRange): Promise<TcpDoor> {
    for (let port = first; port <= last; port++) {
      const server = await tryListen(host.bind, port);
      const address = server?.address();
      if (server && typeof address === 'object' && address) return new TcpDoor(server, host, address.port);
    }
    throw new GatewayError('config_invalid', `a TCP port must be free for media [range:${first}-${last}]`);
  }

  /** A session's share of it. */
  share(events: PortEvents): LocalPort {
    const port = new TcpPort(this, events, {
      admit: (ufrag) => this.#admitted.set(ufrag, port),
      withdraw: (ufrag) => this.#admitted.delete(ufrag),
      onProven: (connection) => this.#settle(connection),
    });
    return port;
  }

  /** Idempotent. Connections of sessions are theirs to close. */
  close(): void {
    this.#server.close();
    for (const connection of this.#unproven.keys()) connection.cut();
  }

  #accept(socket: Socket): void {
    const connection = new TcpConnection(socket, {
      onPacket: (packet) => this.#take(connection, packet),
      onClose: () => this.#closed(connection),
    });
    const { address } = connection.remote;
    const neighbours = [...this.#unproven.keys()].filter(({ remote }) => remote.address === address).length;
    this.#unproven.set(
      connection,
      setTimeout(() => connection.cut(), PROOF_LIMIT),
    );
    if (neighbours >= MAXIMUM_UNPROVEN_OF_ADDRESS) connection.cut();
    else if (this.#unproven.size > MAXIMUM_UNPROVEN) this.#unproven.keys().next().value?.cut();
  }

  #take(connection: TcpConnection, packet: Buffer): void {
    let owner = this.#owners.get(connection);
    if (owner === undefined) {
      owner = this.#admitted.get(receiverFragment(packet) ?? '');
      if (owner === undefined) return connection.cut();
      this.#owners.set(connection, owner);
      owner.adopt(connection);
    }
    owner.take(connection, packet);
  }

  #settle(connection: TcpConnection): void {
    clearTimeout(this.#unproven.get(connection));
    this.#unproven.delete(connection);
  }

  #closed(connection: TcpConnection): void {
    if (this.#unproven.has(connection)) this.figures.refused++;
    this.figures.dropped += connection.dropped;
    this.#settle(connection);
    this.#owners.get(connection)?.lose(connection);
    this.#owners.delete(connection);
  }
}

/** `undefined` if the port is taken. */
function tryListen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new GatewayError('config_invalid', 'the TCP port for media must be ours to take', { cause: error }));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      // Accepting fails while the process is out of file descriptors; those that are there go on.
      server.on('error', () => undefined);
      resolve(server);
    });
  });
}

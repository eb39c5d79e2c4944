import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import type { Clock, Milli } from '../../../time.ts';
import type { HostAddress } from './addresses.ts';
import { bindUdp, type PortRange, type UdpPort } from './udp-port.ts';
import { bindingSuccess, parseBindingRequest, roleConflict, verifyIntegrity } from './stun.ts';

/** What an SDP section says about ICE. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** A path to the peer: one of our sockets and one of its addresses. */
export interface Path {
  readonly local: UdpPort;
  readonly address: string;
  readonly port: number;
}

/** Why packets were dropped at the front door, and how often. */
export interface DoorFigures {
  /** STUN that is no binding request of the peer. */
  stunRefused: number;
  /** DTLS or SRTP from an address that never proved to be the peer. */
  strangers: number;
  /** Times the peer moved to another path. */
  moves: number;
}

export interface IceEvents {
  /** DTLS records from a verified address. */
  onDtls(data: Buffer, arrived: Milli): void;
  /** SRTP or SRTCP from a verified address. */
  onMedia(data: Buffer, arrived: Milli): void;
  /** The peer chose a path: for the first time, or because its network changed. */
  onPath(path: Path): void;
}

/** Addresses that the peer may have proven at once; more are a flood, the oldest is forgotten. */
const MAXIMUM_VERIFIED = 32;
/** Credentials that are honoured at once: those of the latest answer, and of one before while a restart is under way. */
const GENERATIONS = 2;

/**
 * An ICE-lite agent (RFC 8445 §2.5) and the front door of a session. Nothing gets further than this file unless its
 * sender has proven that it knows the password of the SDP answer: STUN by its integrity, all else by its address.
 */
export class IceLite {
  readonly figures: DoorFigures = { stunRefused: 0, strangers: 0, moves: 0 };
  /** Arrival of the last packet that the peer provably sent. */
  lastHeard: Milli;
  readonly #events: IceEvents;
  readonly #clock: Clock;
  #ports: UdpPort[] = [];
  #local: IceCredentials[] = [newCredentials()];
  #remoteUfrag = '';
  #verified = new Map<string, Path>();
  #path: Path | undefined;
  #closed = false;

  constructor(events: IceEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
    this.lastHeard = clock.now();
  }

  /** Binds one socket for each host, or none. @throws GatewayError capacity_full, config_invalid */
  async open(hosts: readonly HostAddress[], range: PortRange | undefined): Promise<void> {
    const bound = await Promise.allSettled(hosts.map((host) => bindUdp(host, range)));
    const ports = bound.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failure = bound.find((result) => result.status === 'rejected');
    if (failure !== undefined || this.#closed) {
      for (const port of ports) port.socket.close();
      if (failure !== undefined) throw failure.reason;
      return;
    }
    for (const port of ports) {
      port.socket.on('message', (data, from) => this.#receive(port, data, from));
      // ICMP errors of one packet (peer gone) are not the socket's end: silence ends the session, not they.
      port.socket.on('error', () => undefined);
      this.#ports.push(port);
    }
  }

  /** What goes into the answer. */
  get credentials(): IceCredentials {
    return this.#local[0] ?? newCredentials();
  }

  /** Candidate lines (RFC 8839 §5.1), without `a=`. */
  get candidates(): readonly string[] {
    return this.#ports.map((port, index) => {
      const priority = 126 * 2 ** 24 + (65535 - index) * 2 ** 8 + 255;
      return `candidate:${index + 1} 1 udp ${priority} ${port.host.announce} ${port.port} typ host`;
    });
  }

  get path(): Path | undefined {
    return this.#path;
  }

  /** Takes the peer's user fragment; another one than before is an ICE restart and makes new credentials. */
  setRemote(ufrag: string): void {
    if (this.#remoteUfrag !== '' && this.#remoteUfrag !== ufrag) {
      this.#local = [newCredentials(), ...this.#local].slice(0, GENERATIONS);
    }
    this.#remoteUfrag = ufrag;
  }

  /** Sends on the chosen path; dropped while there is none. */
  send(data: Uint8Array): void {
    const path = this.#path;
    if (path !== undefined && !this.#closed) path.local.socket.send(data, path.port, path.address);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const port of this.#ports) port.socket.close();
    this.#verified.clear();
  }

  #receive(local: UdpPort, data: Buffer, from: RemoteInfo): void {
    const first = data[0];
    if (this.#closed || first === undefined) return;
    const arrived = this.#clock.now();
    if (first < 4) {
      this.#stun(local, data, from, arrived);
      return;
    }
    if (!this.#isVerified(local, from)) {
      this.figures.strangers++;
      return;
    }
    this.lastHeard = arrived;
    // RFC 7983: the first byte tells protocols apart.
    if (first >= 128 && first < 192) this.#events.onMedia(data, arrived);
    else if (first >= 20 && first < 64) this.#events.onDtls(data, arrived);
  }

  #isVerified(local: UdpPort, from: RemoteInfo): boolean {
    if (this.#path !== undefined && isOn(this.#path, local, from)) return true;
    return this.#verified.has(keyOf(local, from));
  }

  #stun(local: UdpPort, data: Buffer, from: RemoteInfo, arrived: Milli): void {
    const request = parseBindingRequest(data);
    const credentials = request && this.#match(request.username);
    if (!request || !credentials || !verifyIntegrity(data, request, credentials.password)) {
      this.figures.stunRefused++;
      return;
    }
    this.lastHeard = arrived;
    if (request.controlled) {
      local.socket.send(roleConflict(request, credentials.password), from.port, from.address);
      return;
    }
    const path = this.#remember(local, from);
    local.socket.send(bindingSuccess(request, from.address, from.port, credentials.password), from.port, from.address);
    // The latest nomination wins: a peer whose network changed nominates its new path.
    if (request.useCandidate && path !== this.#path && credentials === this.#local[0]) this.#choose(path);
  }

  #match(username: string): IceCredentials | undefined {
    const colon = username.indexOf(':');
    const ours = username.slice(0, colon);
    const found = this.#local.find((credentials) => credentials.ufrag === ours);
    // Only the newest generation has a known remote fragment; the one before was checked when it was new.
    if (found === this.#local[0] && username.slice(colon + 1) !== this.#remoteUfrag) return undefined;
    return found;
  }

  #remember(local: UdpPort, from: RemoteInfo): Path {
    if (this.#path !== undefined && isOn(this.#path, local, from)) return this.#path;
    const key = keyOf(local, from);
    const known = this.#verified.get(key);
    if (known !== undefined) return known;
    if (this.#verified.size >= MAXIMUM_VERIFIED) {
      const oldest = this.#verified.keys().next().value;
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    const path = { local, address: from.address, port: from.port };
    this.#verified.set(key, path);
    return path;
  }

  #choose(path: Path): void {
    if (this.#path !== undefined) this.figures.moves++;
    this.#path = path;
    this.#events.onPath(path);
  }
}

function isOn(path: Path, local: UdpPort, from: RemoteInfo): boolean {
  return path.port === from.port && path.local === local && path.address === from.address;
}

function keyOf(local: UdpPort, from: RemoteInfo): string {
  return `${local.host.bind}:${local.port}|${from.address}:${from.port}`;
}

/** RFC 8839 §5.4: at least 4 and 22 characters; 48 and 192 random bits here. Base64 without its padding is allowed. */
function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(6).toString('base64'), password: randomBytes(24).toString('base64') };
}

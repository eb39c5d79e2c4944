import type { Clock, Milli } from '../../../time.ts';
import {
  hostCandidates,
  parseCandidate,
  priorityOf,
  reflexivePriorityOf,
  writeCandidate,
  type LocalCandidate,
} from './candidate.ts';
import { Checklist, type IceCredentials, type PairPriorities, type Path } from './checklist.ts';
import { Generations } from './generations.ts';
import { ProvenPaths } from './proven-paths.ts';
import type { LocalPort, PortEvents, PortSource } from './ports/local-port.ts';
import { familyOf, type Remote } from './stun/internet-address.ts';
import { SeenChecks } from './seen-checks.ts';
import { ServerReflexive, type StunServer } from './stun/server-reflexive.ts';
import { parseStun, verifyIntegrity, type StunMessage } from './stun/stun.ts';
import { writeRoleConflict, writeSuccess } from './stun/write-stun.ts';

export type { IceCredentials, Path } from './checklist.ts';

/** `lite` answers checks (RFC 8445 §2.5); `full` makes its own, which a gateway behind a NAT needs. */
export type IceMode = 'lite' | 'full';

/** What the peer's description says about ICE. */
export interface RemoteDescription extends IceCredentials {
  /** It only answers, so we must choose the pair. */
  readonly lite: boolean;
  /** Candidate lines. */
  readonly candidates: readonly string[];
}

/** Why packets were dropped at the front door, and how often. */
export interface DoorFigures {
  /** STUN that is no binding request of the peer, nor its answer to one of ours. */
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

/** Candidates of the peer that are looked at in one generation; a browser has up to about 20. */
const MAXIMUM_REMOTE = 64;
/** Of an address that the peer did not name and gave no priority for. */
const UNNAMED_PRIORITY = 1;

/**
 * The ICE agent and the front door of a session. Nothing gets further than this file unless its sender has proven that
 * it knows the password of the SDP answer: STUN by its integrity, all else by its address.
 */
export class IceAgent {
  readonly figures: DoorFigures = { stunRefused: 0, strangers: 0, moves: 0 };
  /** Arrival of the last packet that the peer provably sent. */
  lastHeard: Milli;
  readonly #mode: IceMode;
  readonly #events: IceEvents;
  readonly #clock: Clock;
  readonly #paths = new ProvenPaths();
  readonly #seen = new SeenChecks();
  readonly #generations = new Generations();
  #ports: readonly LocalPort[] = [];
  #candidates: readonly LocalCandidate[] = [];
  /** Lines that came before the description they belong to. */
  #early: string[] = [];
  #remoteCount = 0;
  #discovery: ServerReflexive | undefined;
  #checks: Checklist | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(mode: IceMode, events: IceEvents, clock: Clock) {
    this.#mode = mode;
    this.#events = events;
    this.#clock = clock;
    this.lastHeard = clock.now();
  }

  /** Opens the ports of all sources, or none; then asks the STUN servers. @throws GatewayError capacity_full, config_invalid */
  async open(sources: readonly PortSource[], servers: readonly StunServer[] = []): Promise<void> {
    const events: PortEvents = {
      onPacket: (port, data, from) => this.#receive(port, data, from),
      isInUse: (port, remote) => this.#paths.isChosen(port, remote),
    };
    const opened = await Promise.allSettled(sources.map((source) => source(events)));
    this.#ports = opened.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    const failure = opened.find((result) => result.status === 'rejected');
    if (failure !== undefined || this.#closed) {
      for (const port of this.#ports) port.close();
      if (failure !== undefined) throw failure.reason;
      return;
    }
    for (const port of this.#ports) port.admit(this.credentials.ufrag);
    this.#candidates = hostCandidates(
      this.#ports.map(({ transport, host, port }) => ({ transport, address: host.announce, port })),
    );
    if (servers.length > 0) await this.#discover(servers);
  }

  /** What goes into the answer. */
  get credentials(): IceCredentials {
    return this.#generations.current;
  }

  /** Candidate lines, without `a=`. */
  get candidates(): readonly string[] {
    return this.#candidates.map(writeCandidate);
  }

  get path(): Path | undefined {
    return this.#paths.chosen;
  }

  /** Whether the peer has stopped to answer our checks for so long that nothing may be sent to it (RFC 7675). */
  get consentLost(): boolean {
    return this.#checks?.expired ?? false;
  }

  /** Takes the peer's description; another user fragment than before is an ICE restart and makes new credentials. */
  setRemote(remote: RemoteDescription): void {
    const generation = this.#generations.take(remote.ufrag);
    if (generation === 'same') return this.#addAll(remote.candidates);
    if (generation === 'restart') for (const port of this.#ports) port.admit(this.credentials.ufrag);
    this.#remoteCount = 0;
    if (this.#mode === 'full') {
      const { credentials: local } = this;
      const role = remote.lite ? 'controlling' : 'controlled';
      const onNominated = (path: Path): void => this.#choose(path);
      this.#checks = new Checklist({ local, remote, role, clock: this.#clock, onNominated });
    }
    this.#addAll([...remote.candidates, ...this.#early.splice(0)]);
  }

  /** A candidate line of the peer, trickled. An agent that is lite learns addresses from checks instead. */
  addCandidate(line: string): void {
    if (this.#mode === 'lite' || this.#closed) return;
    const candidate = parseCandidate(line);
    if (candidate === undefined) return;
    const { ufrag } = candidate;
    const { remoteUfrag } = this.#generations;
    if (remoteUfrag === '' || (ufrag !== undefined && ufrag !== remoteUfrag)) {
      if (this.#early.length < MAXIMUM_REMOTE) this.#early.push(line);
      return;
    }
    if (++this.#remoteCount > MAXIMUM_REMOTE) return;
    const loopback = this.#ports.some(({ host }) => isLoopback(host.bind));
    if (isLoopback(candidate.address) && !loopback) return;
    for (const local of this.#ports) {
      if (local.transport !== 'udp' || familyOf(local.host.bind) !== familyOf(candidate.address)) continue;
      const path = { local, address: candidate.address, port: candidate.port };
      this.#checks?.add(path, this.#prioritiesOf(local, candidate.priority));
    }
    this.#tick();
  }

  /** Sends on the chosen path; dropped while there is none. */
  send(data: Uint8Array): void {
    const path = this.#paths.chosen;
    if (path !== undefined && !this.#closed) path.local.send(data, path);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#discovery?.close();
    for (const port of this.#ports) port.close();
  }

  async #discover(servers: readonly StunServer[]): Promise<void> {
    this.#discovery = new ServerReflexive(this.#ports);
    const found = await this.#discovery.gather(servers);
    this.#discovery = undefined;
    const reflexive = found.map(({ port, mapped }) => ({
      ...mapped,
      transport: 'udp' as const,
      type: 'srflx' as const,
      rank: this.#rankOf(port),
      related: { address: port.host.announce, port: port.port },
    }));
    this.#candidates = [...this.#candidates, ...reflexive];
  }

  #addAll(lines: readonly string[]): void {
    for (const line of lines) this.addCandidate(line);
  }

  #receive(local: LocalPort, data: Buffer, from: Remote): void {
    const first = data[0];
    if (this.#closed || first === undefined) return;
    const arrived = this.#clock.now();
    if (first < 4) {
      if (!this.#stun(local, data, from)) this.figures.stunRefused++;
      return;
    }
    if (!this.#paths.has(local, from)) {
      this.figures.strangers++;
      return;
    }
    this.lastHeard = arrived;
    // RFC 7983: the first byte tells protocols apart.
    if (first >= 128 && first < 192) this.#events.onMedia(data, arrived);
    else if (first >= 20 && first < 64) this.#events.onDtls(data, arrived);
  }

  #stun(local: LocalPort, data: Buffer, from: Remote): boolean {
    const message = parseStun(data);
    if (message === undefined) return false;
    if (message.kind === 'request') return this.#request(message, data, { local, from });
    if (this.#discovery?.take(message, local, from) === true) return true;
    const path = { local, address: from.address, port: from.port };
    if (this.#checks?.take(message, data, path) !== true) return false;
    this.lastHeard = this.#clock.now();
    this.#tick();
    return true;
  }

  #request(message: StunMessage, data: Buffer, { local, from }: { local: LocalPort; from: Remote }): boolean {
    const credentials = this.#generations.match(message.username ?? '');
    if (credentials === undefined || !verifyIntegrity(data, message, credentials.password)) return false;
    const sender = `${local.transport} ${from.address} ${from.port}`;
    // Who has proven himself by a check of his own is not shut out by somebody who was faster with a copy of another.
    if (!this.#seen.admits(message.transaction, sender) && !this.#paths.has(local, from)) return false;
    this.lastHeard = this.#clock.now();
    const { transaction } = message;
    const current = credentials === this.credentials;
    // Who is lite never decides; who is full may have to (RFC 8445 §7.3.1.1).
    const agreed =
      this.#checks === undefined || !current ? message.role !== 'controlled' : this.#checks.yields(message);
    if (!agreed) {
      local.send(writeRoleConflict(transaction, credentials.password), from);
      return true;
    }
    const path = this.#paths.add(local, from);
    local.send(writeSuccess(transaction, from, credentials.password), from);
    if (current) this.#checked(path, message);
    return true;
  }

  /** The peer has checked `path`, in the present generation. */
  #checked(path: Path, { useCandidate, priority }: StunMessage): void {
    if (this.#checks === undefined) {
      // The latest nomination wins: a peer whose network changed nominates its new path.
      if (useCandidate) this.#choose(path);
      return;
    }
    this.#checks.trigger(path, this.#prioritiesOf(path.local, priority ?? UNNAMED_PRIORITY), useCandidate);
    this.#tick();
  }

  #choose(path: Path): void {
    const first = this.#paths.chosen === undefined;
    if (!this.#paths.choose(path)) return;
    if (!first) this.figures.moves++;
    this.#events.onPath(path);
  }

  /** Sends the checks that are due and comes back for the next. */
  #tick(): void {
    clearTimeout(this.#timer);
    const next = this.#closed ? undefined : this.#checks?.tick();
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, next - this.#clock.now()));
  }

  #rankOf(port: LocalPort): number {
    return this.#candidates.find((each) => each.address === port.host.announce && each.port === port.port)?.rank ?? 0;
  }

  #prioritiesOf(local: LocalPort, remote: number): PairPriorities {
    const rank = this.#rankOf(local);
    return {
      local: priorityOf({ transport: local.transport, type: 'host', rank }),
      remote,
      announced: reflexivePriorityOf(rank),
    };
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

import type { HostAddress } from '../addresses.ts';
import type { Remote } from '../stun/internet-address.ts';

/**
 * One of a session's ways in and out: a socket of its own, or its share of one that all sessions of the worker have.
 * Until an address is trusted, only STUN need come from it.
 */
export interface LocalPort {
  readonly transport: 'udp' | 'tcp';
  readonly host: HostAddress;
  readonly port: number;
  /** Sends to an address; dropped if it cannot go at once. */
  send(data: Uint8Array, to: Remote): void;
  /** Sends a STUN request whose response must come back here. */
  ask(request: Buffer, to: Remote): void;
  /** From now on checks for this user fragment come here. */
  admit(ufrag: string): void;
  /** The peer has proven that it is at this address: what comes from there is this session's. */
  trust(remote: Remote): void;
  forget(remote: Remote): void;
  /** Idempotent. */
  close(): void;
}

export interface PortEvents {
  onPacket(port: LocalPort, data: Buffer, from: Remote): void;
  /** Whether media now runs over this address; then no other session can have it. */
  isInUse(port: LocalPort, remote: Remote): boolean;
}

/** Opens a session's ports. @throws GatewayError capacity_full, config_invalid */
export type PortSource = (events: PortEvents) => Promise<readonly LocalPort[]>;

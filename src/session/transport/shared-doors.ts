import { GatewayError } from '../../errors.ts';
import { announcedAddresses, hostAddresses } from './ice/addresses.ts';
import type { IceMode } from './ice/ice-agent.ts';
import { TcpDoor } from './ice/ports/tcp-door.ts';
import { UdpMux } from './ice/ports/udp-mux.ts';
import type { PortRange } from './ice/ports/udp-socket.ts';
import type { StunServer } from './ice/stun/server-reflexive.ts';
import type { TransportSettings } from './transport-settings.ts';

/** First and last port; `null` = this way in is not wanted. */
type Ports = { readonly from: number; readonly to: number } | null;

/** How callers reach this process; the operator's. */
export interface ReachSettings {
  readonly udpPorts: Ports;
  readonly udpMux: Ports;
  readonly tcp: Ports;
  readonly announce: readonly string[];
  readonly ice: IceMode;
  readonly stunServers: readonly string[];
}

const STUN_PORT = 3478;

/** The sockets that all sessions of a process share, and what each session's transport is told of how it is reached. */
export class SharedDoors {
  readonly settings: TransportSettings;
  readonly #doors: readonly (TcpDoor | UdpMux)[];

  private constructor(settings: TransportSettings, doors: readonly (TcpDoor | UdpMux)[]) {
    this.settings = settings;
    this.#doors = doors;
  }

  /** @throws GatewayError config_invalid, capacity_full if the ports are taken */
  static async open(reach: ReachSettings): Promise<SharedDoors> {
    const announced = reach.announce.length > 0 ? announcedAddresses(reach.announce) : undefined;
    const hosts = announced ?? hostAddresses();
    const [mux, tcp] = [rangeOf(reach.udpMux), rangeOf(reach.tcp)];
    const opening = await Promise.allSettled([
      ...(mux === undefined ? [] : hosts.map((host) => UdpMux.open(host, mux))),
      ...(tcp === undefined ? [] : hosts.map((host) => TcpDoor.open(host, tcp))),
    ]);
    const doors = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failure = opening.find((result) => result.status === 'rejected');
    if (failure !== undefined) {
      for (const door of doors) door.close();
      throw failure.reason;
    }
    const source = (shared: readonly (TcpDoor | UdpMux)[]): Pick<TransportSettings, 'udp'>['udp'] =>
      shared.length === 0 ? undefined : (events) => Promise.resolve(shared.map((door) => door.share(events)));
    const udp = source(doors.filter((door) => door instanceof UdpMux));
    const listening = source(doors.filter((door) => door instanceof TcpDoor));
    const portRange = rangeOf(reach.udpPorts);
    const settings: TransportSettings = {
      ice: reach.ice,
      stunServers: reach.stunServers.map(stunServerOf),
      ...(announced && { hostAddresses: announced }),
      ...(portRange && { portRange }),
      ...(udp && { udp }),
      ...(listening && { tcp: listening }),
    };
    return new SharedDoors(settings, doors);
  }

  /** Idempotent; the sessions are closed before. */
  close(): void {
    for (const door of this.#doors) door.close();
  }
}

function rangeOf(ports: Ports): PortRange | undefined {
  return ports === null ? undefined : [ports.from, ports.to];
}

function stunServerOf(url: string): StunServer {
  const [, bracketed, plain, port] = /^stun:(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(url) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw new GatewayError('config_invalid', 'a STUN server must be stun:HOST or stun:HOST:PORT');
  return { host, port: port === undefined ? STUN_PORT : Number(port) };
}

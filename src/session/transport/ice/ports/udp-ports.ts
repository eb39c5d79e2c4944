import type { Socket } from 'node:dgram';
import type { HostAddress } from '../addresses.ts';
import type { Remote } from '../stun/internet-address.ts';
import type { LocalPort, PortEvents, PortSource } from './local-port.ts';
import { bindUdp, type PortRange } from './udp-socket.ts';

/** One UDP socket for each address, for one session alone. */
export function udpPorts(hosts: readonly HostAddress[], range: PortRange | undefined): PortSource {
  return async (events) => {
    const bound = await Promise.allSettled(hosts.map((host) => bindUdp(host, range)));
    const failure = bound.find((result) => result.status === 'rejected');
    if (failure !== undefined) {
      for (const result of bound) if (result.status === 'fulfilled') result.value.close();
      throw failure.reason;
    }
    return bound.flatMap((result, index) => {
      const host = hosts[index];
      return result.status === 'fulfilled' && host ? [new OwnUdpPort(result.value, host, events)] : [];
    });
  };
}

class OwnUdpPort implements LocalPort {
  readonly transport = 'udp';
  readonly host: HostAddress;
  readonly port: number;
  readonly #socket: Socket;
  #closed = false;

  constructor(socket: Socket, host: HostAddress, events: PortEvents) {
    this.#socket = socket;
    this.host = host;
    this.port = socket.address().port;
    socket.on('message', (data, from) => events.onPacket(this, data, from));
  }

  send(data: Uint8Array, { address, port }: Remote): void {
    if (!this.#closed) this.#socket.send(data, port, address);
  }

  ask(request: Buffer, to: Remote): void {
    this.send(request, to);
  }

  // Everything that comes to this socket is this session's.
  admit(): void {}
  trust(): void {}
  forget(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

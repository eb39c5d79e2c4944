import { createSocket, type Socket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { GatewayError } from '../../../../errors.ts';
import type { HostAddress } from '../addresses.ts';
import { familyOf } from '../stun/internet-address.ts';

/** First and last port that may be bound, both included. */
export type PortRange = readonly [first: number, last: number];

/**
 * Kernel buffers, bytes. The default of 212,992 holds about 90 full packets: one keyframe that arrives while the loop is
 * busy overflows it. The kernel caps this at net.core.rmem_max / wmem_max.
 */
const SOCKET_BUFFER = 4 << 20;

/**
 * Binds a socket to the address itself, never to 0.0.0.0: replies must leave from the address that the peer wrote to.
 * From a wildcard socket the kernel picks the source by route, so what a browser on the same machine sends from its
 * LAN address to 127.0.0.1 would be answered from the LAN address, and the browser drops that.
 * @throws GatewayError capacity_full if no port of the range is free
 */
export async function bindUdp(host: HostAddress, range: PortRange | undefined): Promise<Socket> {
  const [first, last] = range ?? [0, 0];
  const count = last - first + 1;
  const offset = randomInt(count);
  for (let i = 0; i < count; i++) {
    const socket = await tryBind(host.bind, first + ((offset + i) % count));
    if (socket !== undefined) return socket;
  }
  throw new GatewayError('capacity_full', `a UDP port must be free [range:${first}-${last}]`);
}

/** `undefined` if the port is taken; other failures (no such address) are the operator's to know. */
function tryBind(address: string, port: number): Promise<Socket | undefined> {
  const family = familyOf(address);
  // Addresses are numeric, so the resolver, which costs a tick for every packet, is bypassed.
  const lookup = (
    name: string,
    _options: unknown,
    callback: (error: null, address: string, family: number) => void,
  ): void => callback(null, name, family);
  const socket = createSocket({
    type: `udp${family}`,
    lookup: lookup as never,
    ...(family === 6 && { ipv6Only: true }),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new GatewayError('config_invalid', 'the host address must be one of this machine', { cause: error }));
    });
    socket.bind({ address, port }, () => {
      socket.removeAllListeners('error');
      // ICMP errors of one packet (peer gone) are not the socket's end: silence ends a session, not they.
      socket.on('error', () => undefined);
      enlarge(socket);
      resolve(socket);
    });
  });
}

function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER);
    socket.setSendBufferSize(SOCKET_BUFFER);
  } catch (error) {
    // A kernel that forbids it leaves the default, which works but for the largest bursts.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_BUFFER_SIZE') throw error;
  }
}

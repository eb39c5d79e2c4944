import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { GatewayError } from '../../../errors.ts';
import type { PortRange } from '../ice/ports/udp-socket.ts';
import type { IceUdpMuxListener, Library } from './library.ts';

/** The UDP port that all sessions of a process share. */
export interface MuxPort {
  /** Address that it is bound to; `undefined` = all of the machine, IPv4 and IPv6. */
  readonly address: string | undefined;
  readonly port: number;
}

/** Ports of a range, or of the system's choice, that are tried before the process counts as out of ports. */
const MOST_TRIES = 64;

const open = new Map<string, Promise<MuxPort & { readonly listener: IceUdpMuxListener }>>();

/**
 * The shared port for an address and a range, opened at first use and kept until the process ends: a port that is closed
 * with its last session could be gone when the next one comes. Each port is held by a listener, since a session that
 * cannot bind its port ends the process: the package lets that exception of libdatachannel through.
 * @throws GatewayError capacity_full if no port of the range is free, config_invalid if the address is not this machine's
 */
export async function muxPort(
  library: Library,
  address: string | undefined,
  range: PortRange | undefined,
): Promise<MuxPort> {
  const key = `${address ?? '*'} ${range?.join('-') ?? ''}`;
  const opening = open.get(key) ?? openPort(library, address, range);
  open.set(key, opening);
  try {
    return await opening;
  } catch (error) {
    open.delete(key);
    throw error;
  }
}

async function openPort(
  library: Library,
  address: string | undefined,
  range: PortRange | undefined,
): Promise<MuxPort & { readonly listener: IceUdpMuxListener }> {
  const [first, last] = range ?? [0, 0];
  const count = last - first + 1;
  const offset = randomInt(count);
  for (let i = 0; i < (range === undefined ? MOST_TRIES : Math.min(count, MOST_TRIES)); i++) {
    const port = await freePort(address, first + ((offset + i) % count));
    const listener = port === undefined ? undefined : listen(library, port, address);
    if (port !== undefined && listener !== undefined) return { address, port, listener };
  }
  throw new GatewayError('capacity_full', `a UDP port must be free [range:${first}-${last}]`);
}

/** libjuice keeps sessions apart by port number alone and cannot pick a port itself, so one is found for it. */
function freePort(address: string | undefined, wanted: number): Promise<number | undefined> {
  const socket = createSocket(address?.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new GatewayError('config_invalid', 'the host address must be one of this machine', { cause: error }));
    });
    socket.bind({ address, port: wanted }, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** `undefined` if another process took the port meanwhile. */
function listen(library: Library, port: number, address: string | undefined): IceUdpMuxListener | undefined {
  try {
    return new library.IceUdpMuxListener(port, address);
  } catch {
    return undefined;
  }
}

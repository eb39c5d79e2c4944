import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { frame } from '../../../src/session/transport/ice/ports/frame-reader.ts';
import { Random } from '../../media/random.ts';
import { Mutator } from '../mutator.ts';
import { DATAGRAM_KINDS, type Sniffer } from './datagrams.ts';

/** Frames that a connection is given, if it is not cut before. */
const EACH = 20;
/** Connections at once: as many as one address may have that have proven nothing. */
const AT_ONCE = 16;

export interface TcpFlood {
  readonly count: number;
  readonly seed: number;
  readonly port: number;
  readonly sniffer: Sniffer;
}

/** Connects to the TCP door again and again and sends packets of a call in frames (RFC 4571), changed or cut wrongly. */
export async function floodTcp({ count, seed, port, sniffer }: TcpFlood): Promise<{ connections: number }> {
  let [next, connections] = [0, 0];
  const visit = async (): Promise<void> => {
    while (next < count) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect').catch(() => undefined);
      connections++;
      for (let i = 0; i < EACH && next < count; i++) {
        const mutator = new Mutator(new Random(seed + next++));
        await write(socket, streamOf(mutator, sniffer));
      }
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visit));
  return { connections };
}

function streamOf(mutator: Mutator, sniffer: Sniffer): Uint8Array {
  const packet = frame(sniffer.hostile(mutator.pick(DATAGRAM_KINDS), mutator));
  return mutator.chance(0.7) ? packet : mutator.bytes([packet]);
}

/** Gives the other side a turn; what goes to a connection that was cut is lost. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.writable) socket.write(bytes);
    setImmediate(resolve);
  });
}

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Random } from '../../media/random.ts';
import type { Relay } from '../../relay/relay.ts';
import { Mutator } from '../mutator.ts';
import { isFalseGoodbye, type DatagramKind, type Sniffer } from './datagrams.ts';

/** Datagrams that leave at once; then the other side gets a turn, so that its kernel has none to drop. */
const BURST = 16;
/** Addresses that nobody of the call has, and how many ports of them are used. */
const STRANGERS = 16;

export interface FloodOptions {
  readonly kind: DatagramKind;
  readonly count: number;
  readonly seed: number;
  /** Where the call's gateway listens. */
  readonly port: number;
  /** Between the peer and the gateway. */
  readonly relay: Relay;
  readonly sniffer: Sniffer;
  /** False if no false goodbye may come from the peer's own address. */
  readonly unspoofable: boolean;
}

/** What was sent. */
export interface Flooded {
  readonly fromPeer: number;
  readonly fromStrangers: number;
}

/** Sends hostile datagrams to a gateway: every other one from the address of the peer, the others from strangers. */
export async function flood(options: FloodOptions): Promise<Flooded> {
  const { kind, count, seed, port, relay, sniffer, unspoofable } = options;
  const strangers = await Promise.all(Array.from({ length: STRANGERS }, (_, index) => stranger(index)));
  const sent = { fromPeer: 0, fromStrangers: 0 };
  for (let index = 0; index < count; index++) {
    const mutator = new Mutator(new Random(seed + index));
    const bytes = sniffer.hostile(kind, mutator);
    if (index % 2 === 0 && (unspoofable || !isFalseGoodbye(bytes))) {
      relay.inject(bytes);
      sent.fromPeer++;
    } else {
      mutator.pick(strangers).send(bytes, port, '127.0.0.1');
      sent.fromStrangers++;
    }
    if (index % BURST === BURST - 1) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const socket of strangers) socket.close();
  return sent;
}

/** On Linux all of 127.0.0.0/8 is the loopback. */
async function stranger(index: number): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, process.platform === 'linux' ? `127.0.0.${2 + index}` : '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

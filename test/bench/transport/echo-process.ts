/**
 * A process that gives back every packet of its sessions through one transport and measures what that costs it. Its parent
 * hands it offers (test/bench/transport/transport-bench.ts).
 */
import { prepareTransport } from '../../../src/session/transport/create-transport.ts';
import type { TransportName } from '../../../src/session/transport/transport-settings.ts';
import type { Transport } from '../../../src/session/transport/transport.ts';
import { monotonic } from '../../../src/time.ts';
import { SENT_AT } from './load.ts';
import { quantile } from '../quantile.ts';

export type ToEcho = { readonly type: 'offer'; readonly sdp: string } | { readonly type: 'begin' | 'end' };
export type FromEcho =
  | { readonly type: 'ready' | 'connected' | 'begun' }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'cost'; readonly cost: EchoCost };

/** Between `begin` and `end`. */
export interface EchoCost {
  /** Of the whole process, user and system, milliseconds. */
  readonly cpu: number;
  readonly packets: number;
  /** From the client's sending to the instant that the packet is said to have arrived, milliseconds. */
  readonly arrivedAfterP50: number;
  readonly arrivedAfterP99: number;
  /** Resident memory at the end, MiB. */
  readonly memory: number;
}

const name = process.argv[2] as TransportName;
const create = await prepareTransport(name);
let ways: number[] = [];
let cpu = process.cpuUsage();

function tell(message: FromEcho): void {
  process.send?.(message);
}

async function answer(offer: string): Promise<void> {
  let source = 0;
  const transport: Transport = create(
    { hostAddresses: [{ bind: '127.0.0.1', announce: '127.0.0.1' }] },
    {
      onRtp: ({ data, arrived }) => {
        const packet = Buffer.from(data.buffer, data.byteOffset, data.length);
        ways.push(arrived - packet.readDoubleBE(SENT_AT));
        // Under the peer's own source it would take the packet for one of its own.
        packet.writeUInt32BE(source, 8);
        transport.sendRtp(packet);
      },
      onRtcp: () => undefined,
      onState: (state) => {
        if (state === 'connected') tell({ type: 'connected' });
      },
    },
    monotonic,
  );
  const { sdp, media } = await transport.answer(offer);
  source = media.find(({ kind }) => kind === 'video')?.send?.ssrc ?? 0;
  tell({ type: 'answer', sdp });
}

process.on('message', (message: ToEcho) => {
  if (message.type === 'offer') void answer(message.sdp);
  else if (message.type === 'begin') {
    ways = [];
    cpu = process.cpuUsage();
    tell({ type: 'begun' });
  } else {
    const { user, system } = process.cpuUsage(cpu);
    const cost: EchoCost = {
      cpu: (user + system) / 1000,
      packets: ways.length,
      arrivedAfterP50: quantile(ways, 0.5),
      arrivedAfterP99: quantile(ways, 0.99),
      memory: process.memoryUsage().rss / 2 ** 20,
    };
    tell({ type: 'cost', cost });
  }
});
process.on('disconnect', () => process.exit(0));
tell({ type: 'ready' });

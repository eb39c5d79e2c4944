import type { PacketOutcome } from '../../src/rtp/send/send-log.ts';
import type { Milli } from '../../src/time.ts';

export type Received = PacketOutcome & { readonly arrivedAt: Milli };

/** What feedback says of a packet of 1,200 bytes that took 20 ms, unless told otherwise. */
export function received(sentAt: Milli, fields: Partial<Received> = {}): Received {
  return { position: Math.round(sentAt), probe: undefined, sentAt, size: 1200, arrivedAt: sentAt + 20, ...fields };
}

/** What feedback says of a packet that did not arrive. */
export function lost(sentAt: Milli, fields: Partial<PacketOutcome> = {}): PacketOutcome {
  return { ...received(sentAt), arrivedAt: undefined, ...fields };
}

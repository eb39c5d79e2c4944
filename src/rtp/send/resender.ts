import { assert } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { writeU16 } from '../packet/bytes.ts';
import { HeaderTemplate, type OutgoingExtensions } from '../packet/header-template.ts';
import type { OutgoingPacket } from '../packet/outgoing-packet.ts';
import { parseRtp } from '../packet/rtp-packet.ts';
import { ResendStore } from './resend-store.ts';

/** Answers NACKs: by RTX (RFC 4588) where it is negotiated, else with the packet as it was. */
export class Resender {
  readonly #store = new ResendStore();
  readonly #rtx: HeaderTemplate | undefined;
  #sequence: number;
  #resent = 0;

  constructor(options: {
    readonly rtx?: { readonly ssrc: number; readonly payloadType: number };
    readonly extensions?: OutgoingExtensions;
    /** Random: where the sequence numbers of the resends begin. */
    readonly seed: number;
  }) {
    const { rtx, extensions } = options;
    this.#rtx = rtx && new HeaderTemplate({ ...rtx, ...(extensions ? { extensions } : {}) });
    this.#sequence = options.seed & 0x7fff;
  }

  /** Packets resent. */
  get resent(): number {
    return this.#resent;
  }

  /** Keeps a packet that is sent; sequence numbers must come one after another. */
  keep(sequence: number, packet: OutgoingPacket, now: Milli): void {
    this.#store.add(sequence, packet, now);
  }

  /** The packets to send for `lost` sequence numbers: each at most once a round trip, those that are still kept. */
  answer(lost: readonly number[], now: Milli, roundTrip: Milli): OutgoingPacket[] {
    const packets: OutgoingPacket[] = [];
    for (const sequence of lost) {
      const packet = this.#store.claim(sequence, now, roundTrip);
      if (packet) packets.push(this.#rtx ? this.#wrap(packet, this.#rtx) : asIs(packet));
    }
    this.#resent += packets.length;
    return packets;
  }

  /** RFC 4588 §4: own SSRC, payload type and sequence; the payload begins with the original sequence number. */
  #wrap(packet: OutgoingPacket, rtx: HeaderTemplate): OutgoingPacket {
    const original = parseRtp(packet.data);
    assert(original, 'a packet of ours parses');
    const number = new Uint8Array(2);
    writeU16(number, 0, original.sequence);
    const { marker, timestamp } = original;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    return rtx.packet({ marker, timestamp, sequence }, [number, original.payload], 'resend');
  }
}

/**
 * Sent as it was, to the bit: encrypting other bytes under the same sequence number would reuse an SRTP nonce, which
 * AES-GCM does not survive.
 */
function asIs(packet: OutgoingPacket): OutgoingPacket {
  return { data: packet.data, urgency: 'resend', transportSequenceAt: -1, sendTimeAt: -1 };
}

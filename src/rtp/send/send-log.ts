import type { Milli } from '../../time.ts';
import { writeU16, writeU24 } from '../packet/bytes.ts';
import type { OutgoingPacket } from '../packet/outgoing-packet.ts';
import { sequenceDistance } from '../packet/sequence.ts';
import { NOT_RECEIVED, type TransportFeedback } from '../rtcp/rtcp-packet.ts';
import { TICKS_PER_REFERENCE } from '../rtcp/transport-feedback.ts';
import type { Stamp } from './pacer.ts';

/** Packets remembered until they are told of: 4 s at 2,000 packets/s. */
const KEPT = 8192;

/** What feedback said about one packet. */
export interface PacketOutcome {
  readonly sentAt: Milli;
  /** Bytes of the whole packet. */
  readonly size: number;
  /** Arrival on the receiver's clock in ms, only differences mean anything; `undefined` if it was lost. */
  readonly arrivedAt: Milli | undefined;
}

/** What one feedback told of packets that had not been told of as received. */
export interface FeedbackOutcome {
  /** In sending order. */
  readonly packets: readonly PacketOutcome[];
  /** Of these, 0–1; 0 if there are none. */
  readonly fractionLost: number;
}

interface Sent {
  readonly position: number;
  readonly sentAt: Milli;
  readonly size: number;
}

/** Numbers every packet of a transport as it leaves, and finds it again when feedback tells of it. */
export class SendLog implements Stamp {
  readonly #sent = new Array<Sent | undefined>(KEPT).fill(undefined);
  /** Number of the next packet, not wrapped. */
  #next = 0;
  /** Reference time of the newest feedback, not wrapped. */
  #reference: number | undefined;

  /** Writes the transport-wide number and the sending time into the packet, where it has room for them. */
  stamp(packet: OutgoingPacket, now: Milli): void {
    if (packet.sendTimeAt >= 0) {
      // abs-send-time: seconds as 6.18 fixed point.
      writeU24(packet.data, packet.sendTimeAt, Math.floor(((now % 64_000) / 1000) * 2 ** 18));
    }
    if (packet.transportSequenceAt < 0) return;
    const position = this.#next++;
    writeU16(packet.data, packet.transportSequenceAt, position & 0xffff);
    this.#sent[position % KEPT] = { position, sentAt: now, size: packet.data.length };
  }

  /** Takes feedback apart. A packet told of as lost may be told of again; one told of as received is forgotten. */
  onFeedback(feedback: TransportFeedback): FeedbackOutcome {
    const last = this.#next - 1;
    const base = last + sequenceDistance(last & 0xffff, feedback.baseSequence);
    const reference = this.#unwrapReference(feedback.referenceTime);
    const packets: PacketOutcome[] = [];
    let lost = 0;
    feedback.arrivals.forEach((arrival, index) => {
      const position = base + index;
      const at = ((position % KEPT) + KEPT) % KEPT;
      const sent = this.#sent[at];
      if (sent?.position !== position) return;
      const { sentAt, size } = sent;
      if (arrival === NOT_RECEIVED) {
        lost++;
        packets.push({ sentAt, size, arrivedAt: undefined });
      } else {
        this.#sent[at] = undefined;
        packets.push({ sentAt, size, arrivedAt: (reference * TICKS_PER_REFERENCE + arrival) / 4 });
      }
    });
    return { packets, fractionLost: packets.length === 0 ? 0 : lost / packets.length };
  }

  /** 24 bits of 64 ms wrap after 12 days. */
  #unwrapReference(reference: number): number {
    const before = this.#reference ?? reference;
    this.#reference = before + (((reference - before) << 8) >> 8);
    return this.#reference;
  }
}

import type { Milli } from '../../time.ts';
import { writeU16, writeU24 } from '../packet/bytes.ts';
import { wireSize, type OutgoingPacket } from '../packet/outgoing-packet.ts';
import { sequenceDistance } from '../packet/sequence.ts';
import { NOT_RECEIVED, type TransportFeedback } from '../rtcp/rtcp-packet.ts';
import { TICKS_PER_REFERENCE } from '../rtcp/transport-feedback.ts';
import type { Stamp } from './pacer.ts';

/** Packets remembered until they are told of: 4 s at 2,000 packets/s. */
const KEPT = 8192;
/** Feedbacks older than this say nothing about the way as it is now. */
const ROUND_TRIP_KEPT: Milli = 1000;

/** What feedback said about one packet. */
export interface PacketOutcome {
  /** Its number among all packets of the transport, not wrapped: one that is told of twice can be known by it. */
  readonly position: number;
  /** The probe that it belonged to. */
  readonly probe: number | undefined;
  readonly sentAt: Milli;
  /** Bytes of the whole packet on the wire, all headers and the SRTP tag included. */
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
  /** Bytes sent since the last packet that has been told of. */
  readonly inFlight: number;
}

interface Sent extends Omit<PacketOutcome, 'arrivedAt'> {
  /** Bytes sent up to here, this packet included. */
  readonly total: number;
}

/** Numbers every packet of a transport as it leaves, and finds it again when feedback tells of it. */
export class SendLog implements Stamp {
  readonly #sent = new Array<Sent | undefined>(KEPT).fill(undefined);
  /** Number of the next packet, not wrapped. */
  #next = 0;
  /** Reference time of the newest feedback, not wrapped. */
  #reference: number | undefined;
  /** Bytes sent, and of these up to the last packet that feedback told of. */
  #total = 0;
  #toldTotal = 0;
  readonly #roundTrips: { readonly at: Milli; readonly value: Milli }[] = [];

  /** Bytes sent since the last packet that feedback told of: on their way, or told of soon. */
  get inFlight(): number {
    return this.#total - this.#toldTotal;
  }

  /**
   * Round trip to the peer, the shortest of the last feedbacks: a receiver tells in intervals, so most packets wait there
   * before they are told of. `undefined` before the first.
   */
  get roundTrip(): Milli | undefined {
    if (this.#roundTrips.length === 0) return undefined;
    return Math.min(...this.#roundTrips.map(({ value }) => value));
  }

  /**
   * Writes the transport-wide number and the sending time into the packet, where it has room for them.
   * @param probe the probe that the packet belongs to
   */
  stamp(packet: OutgoingPacket, now: Milli, probe?: number): void {
    if (packet.sendTimeAt >= 0) {
      // abs-send-time: seconds as 6.18 fixed point.
      writeU24(packet.data, packet.sendTimeAt, Math.floor(((now % 64_000) / 1000) * 2 ** 18));
    }
    if (packet.transportSequenceAt < 0) return;
    const position = this.#next++;
    writeU16(packet.data, packet.transportSequenceAt, position & 0xffff);
    const size = wireSize(packet);
    this.#total += size;
    this.#sent[position % KEPT] = { position, probe, sentAt: now, size, total: this.#total };
  }

  /** Takes feedback apart. A packet told of as lost may be told of again; one told of as received is forgotten. */
  onFeedback(feedback: TransportFeedback, now: Milli): FeedbackOutcome {
    const last = this.#next - 1;
    const base = last + sequenceDistance(last & 0xffff, feedback.baseSequence);
    const reference = this.#unwrapReference(feedback.referenceTime);
    const packets: PacketOutcome[] = [];
    let lost = 0;
    let position = base - 1;
    for (const arrival of feedback.arrivals) {
      position++;
      const at = ((position % KEPT) + KEPT) % KEPT;
      const sent = this.#sent[at];
      if (sent?.position !== position) continue;
      const { probe, sentAt, size, total } = sent;
      this.#toldTotal = Math.max(this.#toldTotal, total);
      const arrivedAt = arrival === NOT_RECEIVED ? undefined : (reference * TICKS_PER_REFERENCE + arrival) / 4;
      if (arrivedAt === undefined) lost++;
      else this.#sent[at] = undefined;
      packets.push({ position, probe, sentAt, size, arrivedAt });
    }
    this.#measure(packets, now);
    return { packets, fractionLost: packets.length === 0 ? 0 : lost / packets.length, inFlight: this.inFlight };
  }

  #measure(packets: readonly PacketOutcome[], now: Milli): void {
    const newest = packets.findLast(({ arrivedAt }) => arrivedAt !== undefined);
    if (newest === undefined) return;
    this.#roundTrips.push({ at: now, value: Math.max(0, now - newest.sentAt) });
    while (now - (this.#roundTrips[0]?.at ?? now) > ROUND_TRIP_KEPT) this.#roundTrips.shift();
  }

  /** 24 bits of 64 ms wrap after 12 days. */
  #unwrapReference(reference: number): number {
    const before = this.#reference ?? reference;
    this.#reference = before + (((reference - before) << 8) >> 8);
    return this.#reference;
  }
}

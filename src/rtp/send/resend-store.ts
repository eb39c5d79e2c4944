import type { Milli } from '../../time.ts';
import type { OutgoingPacket } from '../packet/outgoing-packet.ts';

/** Sequence numbers that are kept: 4,096 packets are 1.8 s at 20 Mbit/s, the highest rate there is. */
const KEPT = 4096;
/** Bytes that are kept; at the usual 2.5 Mbit/s that is over 10 s, so age decides. */
const BYTES_LIMIT = 4 << 20;
/** Older packets are of no use: the receiver has given up or got a keyframe. */
const AGE_LIMIT: Milli = 2000;
/** How often one packet is resent. */
const ATTEMPT_LIMIT = 10;
/** Two requests closer than this are one: shorter round trips are noise. */
const ROUND_TRIP_MINIMUM: Milli = 10;

interface Kept {
  readonly sequence: number;
  readonly packet: OutgoingPacket;
  readonly sentAt: Milli;
  resentAt: Milli;
  attempts: number;
}

/** The packets sent lately, for resending. Bounded in number, bytes and age. */
export class ResendStore {
  readonly #slots = new Array<Kept | undefined>(KEPT).fill(undefined);
  #bytes = 0;
  /** Sequence number of the oldest kept and of the one after the newest, unwrapped. */
  #oldest = 0;
  #next = 0;

  /** Packets kept now. */
  get size(): number {
    return this.#next - this.#oldest;
  }

  /** Keeps `packet`; sequence numbers must come one after another. */
  add(sequence: number, packet: OutgoingPacket, now: Milli): void {
    if (this.size === 0) this.#oldest = this.#next = sequence & 0xffff;
    if (this.size >= KEPT) this.#dropOldest();
    this.#slots[this.#next % KEPT] = { sequence, packet, sentAt: now, resentAt: -Infinity, attempts: 0 };
    this.#next++;
    this.#bytes += packet.data.length;
    while (this.size > 1 && (this.#bytes > BYTES_LIMIT || this.#isOld(now))) this.#dropOldest();
  }

  /**
   * The packet with `sequence` (16 bits) if it is to be resent now; `undefined` if it is gone, was asked for too often,
   * or was resent less than a round trip ago, in which case that resend is still on its way.
   */
  claim(sequence: number, now: Milli, roundTrip: Milli): OutgoingPacket | undefined {
    const kept = this.#slots[sequence % KEPT];
    if (!kept || kept.sequence !== sequence || kept.attempts >= ATTEMPT_LIMIT) return undefined;
    if (now - kept.sentAt > AGE_LIMIT) return undefined;
    if (now - kept.resentAt < Math.max(ROUND_TRIP_MINIMUM, roundTrip)) return undefined;
    kept.resentAt = now;
    kept.attempts++;
    return kept.packet;
  }

  #isOld(now: Milli): boolean {
    const oldest = this.#slots[this.#oldest % KEPT];
    return oldest !== undefined && now - oldest.sentAt > AGE_LIMIT;
  }

  #dropOldest(): void {
    const at = this.#oldest % KEPT;
    this.#bytes -= this.#slots[at]?.packet.data.length ?? 0;
    this.#slots[at] = undefined;
    this.#oldest++;
  }
}

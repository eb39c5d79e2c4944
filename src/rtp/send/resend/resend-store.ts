import type { Milli } from '../../../time.ts';
import type { OutgoingPacket } from '../../packet/outgoing-packet.ts';
import { sequenceDistance } from '../../packet/sequence.ts';

/** Sequence numbers that are kept: 4,096 packets are 1.8 s at 20 Mbit/s, the highest rate there is. */
const KEPT = 4096;
/** Bytes that are kept: 1.6 s at that rate. At the usual 2.5 Mbit/s they are over 10 s, so age decides. */
const BYTES_LIMIT = 4 << 20;
/** Older packets are of no use: the receiver has given up or got a keyframe. */
const AGE_LIMIT: Milli = 2000;
/** How often one packet is resent. */
const ATTEMPT_LIMIT = 10;
/** Two requests closer than this are one: shorter round trips are noise. */
const REPEAT_MINIMUM: Milli = 10;
/**
 * A request that comes sooner after a resend than this part of the round trip was sent before the resend could arrive.
 * Below 1, since the round trip varies: a packet sent twice costs less than a receiver that waits for one more request.
 */
const REPEAT_FACTOR = 0.75;

interface Kept {
  readonly sequence: number;
  readonly packet: OutgoingPacket;
  readonly sentAt: Milli;
  resentAt: Milli;
  attempts: number;
}

/** What became of a packet that is asked for. */
export type Claim =
  /** To be resent now. `first` if it has not been resent before. */
  | { readonly kind: 'resend'; readonly packet: OutgoingPacket; readonly first: boolean; readonly sentAt: Milli }
  /** Its last resend is still on its way, or it was never sent. */
  | { readonly kind: 'wait' }
  /** Too old, or resent too often: it will not come any more. */
  | { readonly kind: 'gone' };

const WAIT: Claim = { kind: 'wait' };
const GONE: Claim = { kind: 'gone' };

/** The packets sent lately, for resending. Bounded in number, bytes and age. */
export class ResendStore {
  readonly #slots = new Array<Kept | undefined>(KEPT).fill(undefined);
  #bytes = 0;
  /** Sequence number of the oldest kept and of the one after the newest, unwrapped. */
  #oldest = 0;
  #next = 0;
  /** Packets taken in since the start. */
  #added = 0;

  /** Packets kept now. */
  get size(): number {
    return this.#next - this.#oldest;
  }

  /** Sequence number of the newest packet and one more, 16 bits. */
  get next(): number {
    return this.#next & 0xffff;
  }

  /** Keeps `packet`; sequence numbers must come one after another. */
  add(sequence: number, packet: OutgoingPacket, now: Milli): void {
    if (this.size === 0) this.#oldest = this.#next = sequence & 0xffff;
    if (this.size >= KEPT) this.#dropOldest();
    this.#slots[this.#next % KEPT] = { sequence, packet, sentAt: now, resentAt: -Infinity, attempts: 0 };
    this.#next++;
    this.#added++;
    this.#bytes += packet.data.length;
    while (this.size > 1 && (this.#bytes > BYTES_LIMIT || this.#isOld(now))) this.#dropOldest();
  }

  /** Asks for the packet with `sequence` (16 bits). */
  claim(sequence: number, now: Milli, roundTrip: Milli): Claim {
    const kept = this.#find(sequence);
    if (kept === undefined) return this.#wasSent(sequence) ? GONE : WAIT;
    if (kept.attempts >= ATTEMPT_LIMIT || now - kept.sentAt > AGE_LIMIT) return GONE;
    if (now - kept.resentAt < Math.max(REPEAT_MINIMUM, REPEAT_FACTOR * roundTrip)) return WAIT;
    const first = kept.attempts === 0;
    kept.resentAt = now;
    kept.attempts++;
    return { kind: 'resend', packet: kept.packet, first, sentAt: kept.sentAt };
  }

  /** When the packet with `sequence` was sent; `undefined` if it is not kept. */
  sentAt(sequence: number): Milli | undefined {
    return this.#find(sequence)?.sentAt;
  }

  /** The packet sent `back` packets before the newest one; `undefined` if it is not kept. */
  recent(back: number): { readonly packet: OutgoingPacket; readonly sentAt: Milli } | undefined {
    return back < this.size ? this.#slots[(this.#next - 1 - back) % KEPT] : undefined;
  }

  #wasSent(sequence: number): boolean {
    const back = sequenceDistance(sequence, this.next);
    return back > 0 && back <= this.#added;
  }

  #find(sequence: number): Kept | undefined {
    const kept = this.#slots[sequence % KEPT];
    return kept?.sequence === sequence ? kept : undefined;
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

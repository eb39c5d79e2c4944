import { assert } from '../../../errors.ts';
import type { Milli } from '../../../time.ts';
import { writeU16 } from '../../packet/bytes.ts';
import { HeaderTemplate, type OutgoingExtensions } from '../../packet/header-template.ts';
import { wireSize, type OutgoingPacket, type Urgency } from '../../packet/outgoing-packet.ts';
import { parseRtp } from '../../packet/rtp-packet.ts';
import { sequenceDistance } from '../../packet/sequence.ts';
import { ResendStore } from './resend-store.ts';

/**
 * Losing everything for so long is an outage. A keyframe then costs less than what was lost, and is there sooner: chance
 * does not lose so many packets in a row, and bursts on networks that work are shorter.
 */
const OUTAGE: Milli = 300;
/**
 * From this share of lost packets on each resend is sent twice; and a repeated one always, for then one has been lost. It
 * costs as many packets again as were lost, and of ten rounds that fail at 10 % loss it saves four.
 */
export const TWICE_FROM = 0.05;
/** A queue that lasts longer than this is one that overflows, or soon will. */
const STANDING: Milli = 60;
/** So many packets that a full queue refused take longer to send again, behind what stands in it, than a keyframe does. */
const REFUSED_LIMIT = 16;
/** Padding repeats packets that are younger than this: they may still be of use to a receiver that has lost them. */
const PADDING_AGE: Milli = 500;
/** Most bytes that a packet may be padded with: their number stands in the last of them (RFC 3550 §5.1). */
const PADDING_LIMIT = 255;

/** What is known of the way out. */
export interface SendWay {
  readonly roundTrip: Milli;
  /** Share of packets that are lost, 0–1. */
  readonly loss: number;
  /** How long packets wait in it. */
  readonly queue: Milli;
}

/** What is sent for a NACK. */
export interface ResendAnswer {
  readonly packets: readonly OutgoingPacket[];
  /** How many of them are resent for the first time. */
  readonly first: number;
  /** True if what is missing will not come any more: the receiver needs a keyframe. Said once. */
  readonly keyframe: boolean;
}

const NOTHING: ResendAnswer = { packets: [], first: 0, keyframe: false };

/** Answers NACKs: by RTX (RFC 4588) where it is negotiated, else with the packet as it was. */
export class Resender {
  readonly #store = new ResendStore();
  readonly #rtx: HeaderTemplate | undefined;
  #sequence: number;
  #resent = 0;
  /** Sequence number below which nothing is resent: a keyframe has replaced it, or was promised for it. */
  #floor: number | undefined;
  /** Packets resent for the first time since the way's queue stands. */
  #refused = 0;
  /** The next packet to repeat as padding, counted from the newest at `#paddedTo`. */
  #padded = 0;
  #paddedTo = -1;

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

  /** Packets resent; one that is sent twice for safety counts twice. */
  get resent(): number {
    return this.#resent;
  }

  /** Keeps a packet that is sent; sequence numbers must come one after another. */
  keep(sequence: number, packet: OutgoingPacket, now: Milli): void {
    this.#store.add(sequence, packet, now);
    // 16 bits come round again: a floor far behind would look like one ahead.
    if (this.#floor !== undefined && sequenceDistance(this.#floor, sequence) > 0x4000) this.#floor = undefined;
  }

  /** A keyframe begins at `sequence`: what was lost before it would only make it, and all that follows, come later. */
  onKeyframe(sequence: number): void {
    if (this.#floor === undefined || sequenceDistance(this.#floor, sequence) > 0) this.#floor = sequence;
  }

  /**
   * What to send for `lost` sequence numbers: each at most once a round trip, none that a keyframe will replace.
   * While the way's queue stands, a second copy of each would take the place of what is new.
   */
  answer(lost: readonly number[], now: Milli, way: SendWay): ResendAnswer {
    const floor = this.#floor;
    const wanted = floor === undefined ? lost : lost.filter((sequence) => sequenceDistance(floor, sequence) >= 0);
    if (wanted.length === 0) return NOTHING;
    if (this.#isOutage(wanted)) return this.#giveUp();
    const once: OutgoingPacket[] = [];
    const again: OutgoingPacket[] = [];
    let first = 0;
    for (const sequence of wanted) {
      const claim = this.#store.claim(sequence, now, way.roundTrip);
      if (claim.kind === 'gone') return this.#giveUp();
      if (claim.kind === 'wait') continue;
      once.push(claim.packet);
      if (claim.first) first++;
      if (way.queue <= STANDING && (!claim.first || way.loss >= TWICE_FROM)) again.push(claim.packet);
    }
    this.#refused = way.queue > STANDING ? this.#refused + first : 0;
    if (this.#refused > REFUSED_LIMIT) return this.#giveUp();
    // The second of each after the first of all: a burst of loss then takes one of them.
    const packets = [...once, ...again].map((packet) =>
      this.#rtx ? this.#wrap(packet, this.#rtx, 'resend') : asIs(packet),
    );
    this.#resent += packets.length;
    return { packets, first, keyframe: false };
  }

  /**
   * About `bytes` on the wire that a receiver needs nothing of, at least one packet: what was sent last once more, or
   * empty packets if that is long ago. None without RTX: media numbers must not be used up, nor nonces twice.
   */
  padding(bytes: number, now: Milli): OutgoingPacket[] {
    const newest = this.#store.recent(0);
    if (!this.#rtx || !newest) return [];
    const packets: OutgoingPacket[] = [];
    for (let rest = bytes; rest > 0 || packets.length === 0;) {
      const repeated = this.#nextRepeated(now);
      const packet = repeated ? this.#wrap(repeated, this.#rtx, 'padding') : this.#empty(newest.packet, this.#rtx);
      packets.push(packet);
      rest -= wireSize(packet);
    }
    return packets;
  }

  #giveUp(): ResendAnswer {
    this.#refused = 0;
    this.#floor = this.#store.next;
    return { packets: [], first: 0, keyframe: true };
  }

  /** True if packets were lost in a row for longer than an outage. */
  #isOutage(lost: readonly number[]): boolean {
    let start: Milli | undefined;
    let before = -1;
    for (const sequence of lost) {
      const sentAt = this.#store.sentAt(sequence);
      if (sentAt === undefined || sequence !== ((before + 1) & 0xffff)) start = sentAt;
      else if (start !== undefined && sentAt - start >= OUTAGE) return true;
      before = sequence;
    }
    return false;
  }

  /** From the newest backwards; from the newest again when there is a newer one or no more. */
  #nextRepeated(now: Milli): OutgoingPacket | undefined {
    if (this.#paddedTo !== this.#store.next) this.#padded = 0;
    this.#paddedTo = this.#store.next;
    const isYoung = (at: number) => now - (this.#store.recent(at)?.sentAt ?? -Infinity) <= PADDING_AGE;
    if (!isYoung(this.#padded)) this.#padded = 0;
    return isYoung(this.#padded) ? this.#store.recent(this.#padded++)?.packet : undefined;
  }

  /** RFC 4588 §4: own SSRC, payload type and sequence; the payload begins with the original sequence number. */
  #wrap(packet: OutgoingPacket, rtx: HeaderTemplate, urgency: Urgency): OutgoingPacket {
    const original = parseRtp(packet.data);
    assert(original, 'a packet of ours parses');
    const number = new Uint8Array(2);
    writeU16(number, 0, original.sequence);
    const { marker, timestamp } = original;
    return rtx.packet({ marker, timestamp, sequence: this.#takeSequence() }, [number, original.payload], urgency);
  }

  /** Nothing but padding; `like` tells its time. */
  #empty(like: OutgoingPacket, rtx: HeaderTemplate): OutgoingPacket {
    const timestamp = parseRtp(like.data)?.timestamp ?? 0;
    const filling = new Uint8Array(PADDING_LIMIT);
    filling[PADDING_LIMIT - 1] = PADDING_LIMIT;
    const packet = rtx.packet({ marker: false, timestamp, sequence: this.#takeSequence() }, [filling], 'padding');
    packet.data[0] = (packet.data[0] ?? 0) | 0x20;
    return packet;
  }

  #takeSequence(): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    return sequence;
  }
}

/**
 * Sent as it was, to the bit: encrypting other bytes under the same sequence number would reuse an SRTP nonce, which
 * AES-GCM does not survive.
 */
function asIs(packet: OutgoingPacket): OutgoingPacket {
  return { data: packet.data, urgency: 'resend', transportSequenceAt: -1, sendTimeAt: -1 };
}

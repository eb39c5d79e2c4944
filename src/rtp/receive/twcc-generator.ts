import type { Milli } from '../../time.ts';
import { sequenceDistance } from '../packet/sequence.ts';
import { NOT_RECEIVED, type TransportFeedback } from '../rtcp/rtcp-packet.ts';
import { FEEDBACK_LIMIT, TICKS_PER_REFERENCE } from '../rtcp/transport-feedback.ts';

/** Feedback goes out this often, as the sender's estimate wants it. */
export const FEEDBACK_INTERVAL: Milli = 50;
/** Arrivals remembered: 8,192 positions are 2.7 s at 3,000 packets/s, longer than any reordering. */
const WINDOW = 8192;
/** Neighbours farther apart than this go into separate feedbacks: a delta has 16 bits of 250 µs. */
const DELTA_LIMIT = 0x7fff;
const TICKS_PER_MILLI = 4;

/**
 * Tells a sender when each of its packets arrived, over all SSRCs of a transport, probes and resends included: hand it
 * every RTP packet that carries the extension. Lost packets are told as lost; one that comes after it was told is told
 * again, with those around it.
 */
export class TwccGenerator {
  readonly #senderSsrc: number;
  /** Arrival in ticks of 250 µs by position; NaN where nothing came. */
  readonly #arrivals = new Float64Array(WINDOW).fill(NaN);
  #highest: number | undefined;
  /** First position that the next feedback speaks of. */
  #begin = 0;
  #mediaSsrc = 0;
  #feedbackCount = 0;
  #sentAt: Milli = -Infinity;
  #fresh = false;

  /** @param senderSsrc the SSRC that feedback comes from: one of ours */
  constructor(senderSsrc: number) {
    this.#senderSsrc = senderSsrc;
  }

  /** When feedback is due; `Infinity` if there is nothing to tell. */
  get nextAt(): Milli {
    return this.#fresh ? this.#sentAt + FEEDBACK_INTERVAL : Infinity;
  }

  /** A packet with transport-wide number `sequence` (16 bits) came. */
  onPacket(sequence: number, arrived: Milli, mediaSsrc: number): void {
    this.#mediaSsrc = mediaSsrc;
    const position = this.#highest === undefined ? sequence : this.#place(this.#highest, sequence);
    // So far from the last one that the sender has begun to count anew.
    if (this.#highest === undefined || Math.abs(position - this.#highest) >= WINDOW / 2) this.#startAt(position);
    const highest = this.#highest ?? position;
    for (let missing = highest + 1; missing < position; missing++) this.#arrivals[missing & (WINDOW - 1)] = NaN;
    const at = position & (WINDOW - 1);
    if (position <= highest && !Number.isNaN(this.#arrivals[at])) return;
    this.#arrivals[at] = Math.round(arrived * TICKS_PER_MILLI);
    this.#highest = Math.max(highest, position);
    this.#begin = Math.min(this.#begin, position);
    this.#fresh = true;
  }

  /** The feedback to send at `now`; none more often than each 50 ms. */
  due(now: Milli): TransportFeedback[] {
    if (now < this.nextAt || this.#highest === undefined) return [];
    this.#sentAt = now;
    this.#fresh = false;
    const feedbacks: TransportFeedback[] = [];
    while (this.#begin <= this.#highest) {
      const feedback = this.#build(this.#highest);
      if (feedback) feedbacks.push(feedback);
    }
    return feedbacks;
  }

  #place(highest: number, sequence: number): number {
    return highest + sequenceDistance(highest & 0xffff, sequence);
  }

  #startAt(position: number): void {
    this.#arrivals.fill(NaN);
    this.#highest = position;
    this.#begin = position;
  }

  /** One feedback from `#begin` on, as far as it reaches. Moves `#begin` on. */
  #build(highest: number): TransportFeedback | undefined {
    const base = this.#begin;
    const limit = Math.min(highest + 1, base + FEEDBACK_LIMIT);
    const ticks: number[] = [];
    let reference: number | undefined;
    let last = 0;
    for (let position = base; position < limit; position++) {
      const arrival = this.#arrivals[position & (WINDOW - 1)] ?? NaN;
      if (Number.isNaN(arrival)) {
        ticks.push(NOT_RECEIVED);
        continue;
      }
      reference ??= Math.floor(arrival / TICKS_PER_REFERENCE);
      const offset = arrival - reference * TICKS_PER_REFERENCE;
      if (Math.abs(offset - last) > DELTA_LIMIT) break;
      last = offset;
      ticks.push(offset);
    }
    this.#begin = base + ticks.length;
    if (reference === undefined) return undefined;
    return {
      type: 'transport-feedback',
      senderSsrc: this.#senderSsrc,
      mediaSsrc: this.#mediaSsrc,
      baseSequence: base & 0xffff,
      feedbackCount: this.#feedbackCount++ & 0xff,
      referenceTime: reference % 2 ** 24,
      arrivals: Int32Array.from(ticks),
    };
  }
}

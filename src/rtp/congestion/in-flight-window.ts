import { RecentBytes } from '../send/recent-bytes.ts';
import type { PacketOutcome } from '../send/send-log.ts';
import type { Milli } from '../../time.ts';

/** What may stand in the way's queue, and wait to be told of, beyond a round trip. */
const ALLOWED: Milli = 100;
/** A receiver that tells seldom needs more: so many of its intervals. */
const INTERVALS = 2;
/** Feedbacks over which the interval is smoothed, and what it begins with. */
const SMOOTHING = 8;
const INTERVAL_START: Milli = 50;
/** A longer gap is an interruption, not an interval. */
const LONGEST_INTERVAL: Milli = 300;
/** What leaves is judged over about so long: a keyframe should not count for much. */
const SENT_SPAN: Milli = 1000;
/** What arrives is judged over so long, on the receiver's clock, so that late feedback lowers nothing. */
const ARRIVED_SPAN: Milli = 150;
const CLOCK_JUMP: Milli = 1000;
/** Packets that are remembered: 150 ms of 20 Mbit/s are some 320. What a peer claims beyond that is not believed. */
const MAXIMUM_ARRIVED = 1024;
/** Share of what is sent that must arrive, or the link has become narrow. */
const FITTING = 0.8;

/**
 * Notices that a link has become narrow before the delay shows it: what has been sent and not told of grows at once, while
 * the first packet that waited long still stands in the queue. libwebrtc has a congestion window beside its estimate for
 * this; here it is as long as the time that it guards, by the rate at which packets leave, and closes only if fewer arrive.
 */
export class InFlightWindow {
  #interval = INTERVAL_START;
  #toldAt: Milli | undefined;
  readonly #sent = new RecentBytes(SENT_SPAN);
  #beganAt: Milli | undefined;
  readonly #arrived: { readonly at: Milli; readonly size: number }[] = [];
  #arrivedBytes = 0;

  onSent(size: number, now: Milli): void {
    this.#beganAt ??= now;
    this.#sent.add(size, now);
  }

  onFeedback(packets: readonly PacketOutcome[], now: Milli): void {
    const gap = now - (this.#toldAt ?? now);
    this.#toldAt = now;
    if (gap > 0 && gap <= LONGEST_INTERVAL) this.#interval += (gap - this.#interval) / SMOOTHING;
    for (const { arrivedAt, size } of packets) if (arrivedAt !== undefined) this.#onArrived(arrivedAt, size);
  }

  /** Packets come a little out of order; one from another time means that the receiver's clock has jumped. */
  #onArrived(at: Milli, size: number): void {
    const newest = this.#arrived.at(-1)?.at ?? at;
    if (Math.abs(at - newest) > CLOCK_JUMP || this.#arrived.length >= MAXIMUM_ARRIVED) {
      this.#arrived.length = 0;
      this.#arrivedBytes = 0;
    }
    this.#arrived.push({ at, size });
    this.#arrivedBytes += size;
    const since = Math.max(at, newest) - ARRIVED_SPAN;
    for (let first = this.#arrived[0]; first && first.at <= since; first = this.#arrived[0]) {
      this.#arrived.shift();
      this.#arrivedBytes -= first.size;
    }
  }

  /** What arrived lately, bits a second. */
  get arriving(): number {
    return (this.#arrivedBytes * 8000) / ARRIVED_SPAN;
  }

  /**
   * Whether more is on its way than should be.
   * @param inFlight bytes sent and not told of
   */
  isFull(inFlight: number, roundTrip: Milli, now: Milli): boolean {
    if (now - (this.#beganAt ?? now) < SENT_SPAN) return false;
    const sent = this.#sent.at(now) / SENT_SPAN;
    if (this.arriving / 8000 >= FITTING * sent) return false;
    return inFlight > sent * (roundTrip + Math.max(ALLOWED, INTERVALS * this.#interval));
  }
}

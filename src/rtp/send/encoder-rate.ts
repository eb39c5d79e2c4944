import type { Milli } from '../../time.ts';
import { RecentBytes } from './recent-bytes.ts';

/** What is sent is judged over about so long. */
const SPAN: Milli = 1000;
/** Before much has been sent: 1,170 bytes of a picture become a packet of 1,244 on the wire. */
const USUAL_SHARE = 0.94;
const USUAL_BYTES = 5000;
/** What a picture becomes on the wire, resends and error correction included, is never thought to be more than this. */
const LEAST_SHARE = 0.4;
/** A change that is smaller is told only after a while, and more bits not at once: the estimate wavers. */
const STEP = 0.03;
const STEP_INTERVAL: Milli = 200;
const SMALL_STEP = 0.005;
const SMALL_STEP_INTERVAL: Milli = 1000;
/** What still waits when the next picture comes, in time of the estimate: from the first on the encoder spends less. */
const QUEUE_TOLERATED: Milli = 30;
const QUEUE_SPAN: Milli = 300;
const LEAST_DRAIN = 0.5;
/** Pictures over which that is smoothed. */
const QUEUE_PICTURES = 4;

/**
 * What the encoder may spend of the estimate, bits a second: what is left when sound, headers, resends and error
 * correction have had theirs. It follows the estimate down at once and up in steps.
 */
export class EncoderRate {
  /** The most that the session's owner allows. */
  maximum: number;
  readonly #minimum: number;
  readonly #encoded = new RecentBytes(SPAN);
  readonly #pictures = new RecentBytes(SPAN);
  readonly #sound = new RecentBytes(SPAN);
  #queue: Milli = 0;
  #told: number;
  #toldAt: Milli = -Infinity;

  constructor(options: { readonly start: number; readonly minimum: number; readonly maximum: number }) {
    this.maximum = options.maximum;
    this.#minimum = options.minimum;
    this.#told = this.#bounded(options.start * USUAL_SHARE);
  }

  /** What the encoder was told last. */
  get told(): number {
    return this.#told;
  }

  /**
   * A picture of `encoded` bytes has become `sent` bytes of packets.
   * @param queue how long the way needs for what still waits of earlier ones
   */
  onPicture(encoded: number, sent: number, queue: Milli, now: Milli): void {
    this.#encoded.add(encoded, now);
    this.#pictures.add(sent, now);
    this.#queue += (queue - this.#queue) / QUEUE_PICTURES;
  }

  /** Resends, in bytes on the wire. */
  onResent(sent: number, now: Milli): void {
    this.#pictures.add(sent, now);
  }

  /** Sound, in bytes on the wire. */
  onSound(sent: number, now: Milli): void {
    this.#sound.add(sent, now);
  }

  /** What the encoder is to be told now; `undefined` if it knows. */
  next(estimate: number, now: Milli): number | undefined {
    const target = this.#target(estimate, now);
    const change = target / this.#told - 1;
    const wait = change < 0 ? 0 : STEP_INTERVAL;
    const worthIt = Math.abs(change) >= STEP && now - this.#toldAt >= wait;
    const overdue = Math.abs(change) >= SMALL_STEP && now - this.#toldAt >= SMALL_STEP_INTERVAL;
    if (!worthIt && !overdue) return undefined;
    this.#told = target;
    this.#toldAt = now;
    return target;
  }

  #target(estimate: number, now: Milli): number {
    const sound = (this.#sound.at(now) * 8000) / SPAN;
    const share =
      (this.#encoded.at(now) + USUAL_BYTES * USUAL_SHARE) / Math.max(1, this.#pictures.at(now) + USUAL_BYTES);
    const drain = 1 - (this.#queue - QUEUE_TOLERATED) / QUEUE_SPAN;
    const left = (estimate - sound) * Math.min(1, Math.max(LEAST_SHARE, share));
    return this.#bounded(left * Math.min(1, Math.max(LEAST_DRAIN, drain)));
  }

  #bounded(rate: number): number {
    return Math.round(Math.min(this.maximum, Math.max(this.#minimum, rate)));
  }
}

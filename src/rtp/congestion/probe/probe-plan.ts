import type { Milli } from '../../../time.ts';
import type { Probe } from '../congestion.ts';

/** Probes at the start, as multiples of the start rate. */
const START_SCALES = [3, 6] as const;
/** The next one while probes pay, and the one that asks again after a while. */
const FURTHER_SCALE = 2;
/** Where the link was seen to be full, only so much more is tried: less queue if it still is. */
const KNOWN_SCALE = 1.5;
/** A probe pays if the estimate comes to this share of it. */
const PAID = 0.7;
/** No answer after so long is none. */
const ANSWER_LIMIT: Milli = 1000;
/** Least time between asking again; grows with each that did not pay. */
const INTERVAL_MINIMUM: Milli = 2500;
const INTERVAL_MAXIMUM: Milli = 5000;
const INTERVAL_GROWTH = 1.4;
/** How long a probe lasts, and its packets at least. */
const LENGTH: Milli = 15;
const PACKETS = 5;
/** Time between two probes in a row, so that each is a burst of its own. */
const GAP: Milli = 5;
/** Nearer to the maximum than this, more is of no use. */
const NEAR_MAXIMUM = 0.95;

/** When to send a burst faster than the estimate, and how fast: at the start, while it pays, and from time to time. */
export class ProbePlan {
  /** The most that is ever of use, bits a second. */
  maximum: number;
  readonly #rates: number[] = [];
  #nextId = 1;
  /** Before this nothing leaves: the probe before must be through. */
  #freeAt: Milli = -Infinity;
  #last: { readonly bitrate: number; readonly sentAt: Milli; paid: boolean } | undefined;
  #interval: Milli = INTERVAL_MINIMUM;
  #askAt: Milli = Infinity;
  #estimate: number;
  #known = false;

  constructor(options: { readonly start: number; readonly maximum: number }) {
    this.maximum = options.maximum;
    this.#estimate = options.start;
    for (const scale of START_SCALES) this.#plan(scale * options.start);
  }

  /** When `poll` has a probe, if nothing else is told until then. */
  get nextAt(): Milli {
    return this.#rates.length > 0 ? this.#freeAt : Math.max(this.#freeAt, this.#useful ? this.#askAt : Infinity);
  }

  /** @param known the estimate is what the link carried when it was full */
  onEstimate(estimate: number, known: boolean, now: Milli): void {
    this.#estimate = estimate;
    this.#known = known;
    const last = this.#last;
    if (!last || last.paid || now - last.sentAt > ANSWER_LIMIT || estimate < PAID * last.bitrate) return;
    last.paid = true;
    this.#interval = INTERVAL_MINIMUM;
    if (this.#useful && this.#rates.length === 0) this.#plan(FURTHER_SCALE * estimate);
  }

  /** A queue has grown: what waits is given up, and it is asked again only after a while. */
  onOveruse(now: Milli): void {
    this.#rates.length = 0;
    this.#askAt = now + this.#interval;
  }

  /** The link was interrupted at `rate`: is it still there? */
  resume(rate: number, now: Milli): void {
    this.#rates.length = 0;
    this.#plan(rate);
    this.#askAt = now + this.#interval;
  }

  /** The probe to send now. */
  poll(now: Milli): Probe | undefined {
    if (now < this.nextAt) return undefined;
    const planned = this.#rates.shift();
    const bitrate = planned ?? Math.min(this.maximum, (this.#known ? KNOWN_SCALE : FURTHER_SCALE) * this.#estimate);
    if (planned === undefined) this.#interval = Math.min(INTERVAL_MAXIMUM, this.#interval * INTERVAL_GROWTH);
    const bytes = Math.ceil((bitrate * LENGTH) / 8000);
    this.#freeAt = now + LENGTH + GAP;
    this.#askAt = now + this.#interval;
    this.#last = { bitrate, sentAt: now, paid: false };
    return { id: this.#nextId++, bitrate, bytes, packets: PACKETS };
  }

  get #useful(): boolean {
    return this.#estimate < NEAR_MAXIMUM * this.maximum;
  }

  #plan(bitrate: number): void {
    const limited = Math.min(this.maximum, bitrate);
    if (limited > this.#estimate && !this.#rates.includes(limited)) this.#rates.push(limited);
  }
}

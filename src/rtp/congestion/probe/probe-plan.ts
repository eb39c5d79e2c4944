import type { Milli } from '../../../time.ts';
import type { Probe } from '../congestion.ts';

/** Probes at the start, as multiples of the start rate, and the next ones while they pay. */
const START_SCALES = [3, 6] as const;
const START_FURTHER_SCALE = 2;
/** Later ones ask for less: most of them find a link that is still full. */
const SCALE = 1.5;
/** How long a probe lasts: the first ones, fast as they are, must not fill the queue of a narrow link. */
const START_LENGTH: Milli = 15;
const LENGTH: Milli = 25;
/** Packets that a probe has at least: what it takes of this size, within bounds. Many would fill a narrow link for long. */
const PACKET_SIZE = 1000;
const PACKETS_MINIMUM = 3;
const PACKETS_MAXIMUM = 5;
/** A probe pays if the estimate comes to this share of it, and grows by so much. */
const PAID = 0.7;
const PAID_GROWTH = 1.2;
/** No answer after so long is none. */
const ANSWER_LIMIT: Milli = 1000;
/** Time between asking again; grows with each that did not pay. */
const INTERVAL_MINIMUM: Milli = 2500;
const INTERVAL_MAXIMUM: Milli = 5000;
const INTERVAL_GROWTH = 1.4;
/**
 * A queue that grows so soon after a probe paid proves it wrong: it slipped into a gap that others leave between their
 * pictures. Asking again would take their share each time, so it is done ever more seldom.
 */
const PROOF: Milli = 2000;
const WRONG_INTERVAL_MINIMUM: Milli = 8000;
const WRONG_INTERVAL_MAXIMUM: Milli = 40_000;
const WRONG_INTERVAL_GROWTH = 2;
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
  #last: { readonly bitrate: number; readonly from: number; readonly sentAt: Milli; paid: boolean } | undefined;
  #interval: Milli = INTERVAL_MINIMUM;
  /** How long to wait for an answer until it is asked again; grows with each that did not come. */
  #patience: Milli = ANSWER_LIMIT;
  #askAt: Milli = -Infinity;
  #estimate: number;
  /** The estimate before a probe raised it, and when that was. */
  #raised: { readonly from: number; readonly at: Milli } | undefined;
  /** No queue has been seen to grow yet. */
  #starting = true;

  constructor(options: { readonly start: number; readonly maximum: number }) {
    this.maximum = options.maximum;
    this.#estimate = options.start;
    for (const scale of START_SCALES) this.#plan(scale * options.start);
  }

  /** When `poll` has a probe, if nothing else is told until then. */
  get nextAt(): Milli {
    return this.#rates.length > 0 ? this.#freeAt : Math.max(this.#freeAt, this.#useful ? this.#askAt : Infinity);
  }

  /** Feedback has led to this estimate. */
  onEstimate(estimate: number, now: Milli): void {
    this.#estimate = estimate;
    if (this.#raised && now - this.#raised.at > PROOF) {
      this.#raised = undefined;
      this.#interval = INTERVAL_MINIMUM;
    }
    const last = this.#last;
    if (!last || last.paid || now - last.sentAt > ANSWER_LIMIT) return;
    if (estimate < Math.max(PAID * last.bitrate, PAID_GROWTH * last.from)) return;
    last.paid = true;
    if (!this.#starting) this.#raised = { from: this.#raised?.from ?? last.from, at: now };
    if (this.#useful && this.#rates.length === 0) {
      this.#plan(this.#scale * estimate);
    }
  }

  /** A probe has told something, be it that nothing more fits. */
  onAnswer(now: Milli): void {
    this.#patience = ANSWER_LIMIT;
    this.#askAt = now + this.#interval;
  }

  /**
   * A queue has grown: what waits is given up, and it is asked again only after a while.
   * @returns the rate from before a probe that this proves wrong
   */
  onOveruse(now: Milli): number | undefined {
    this.#starting = false;
    this.#rates.length = 0;
    const raised = this.#raised;
    this.#raised = undefined;
    if (raised) {
      const interval = Math.max(WRONG_INTERVAL_MINIMUM, WRONG_INTERVAL_GROWTH * this.#interval);
      this.#interval = Math.min(WRONG_INTERVAL_MAXIMUM, interval);
    }
    this.#askAt = now + this.#interval;
    return raised?.from;
  }

  /** The link was interrupted at `before`, and it goes on at `estimate`: does all of it still fit? */
  resume(before: number, estimate: number, now: Milli): void {
    this.#estimate = estimate;
    this.#starting = false;
    this.#rates.length = 0;
    this.#plan(before);
    this.#askAt = now + this.#interval;
  }

  /** The probe to send now. */
  poll(now: Milli): Probe | undefined {
    if (now < this.nextAt) return undefined;
    const planned = this.#rates.shift();
    if (planned === undefined) {
      const longer = Math.min(INTERVAL_MAXIMUM, this.#interval * INTERVAL_GROWTH);
      this.#interval = Math.max(this.#interval, longer);
    }
    const bitrate = planned ?? Math.min(this.maximum, this.#scale * this.#estimate);
    const length = this.#starting ? START_LENGTH : LENGTH;
    const bytes = Math.ceil((bitrate * length) / 8000);
    const packets = Math.max(PACKETS_MINIMUM, Math.min(PACKETS_MAXIMUM, Math.round(bytes / PACKET_SIZE)));
    this.#freeAt = now + length + GAP;
    this.#askAt = now + Math.min(this.#interval, this.#patience);
    this.#patience = Math.min(INTERVAL_MAXIMUM, 2 * this.#patience);
    this.#last = { bitrate, from: this.#estimate, sentAt: now, paid: false };
    return { id: this.#nextId++, bitrate, bytes, packets };
  }

  get #scale(): number {
    return this.#starting ? START_FURTHER_SCALE : SCALE;
  }

  get #useful(): boolean {
    return this.#estimate < NEAR_MAXIMUM * this.maximum;
  }

  #plan(bitrate: number): void {
    const limited = Math.min(this.maximum, bitrate);
    if (limited > this.#estimate && !this.#rates.includes(limited)) this.#rates.push(limited);
  }
}

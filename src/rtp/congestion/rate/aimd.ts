import type { Milli } from '../../../time.ts';
import type { Usage } from '../delay/overuse-detector.ts';
import { LinkCapacity } from './link-capacity.ts';

/** Over-use leaves so much of what arrives. */
const DECREASE = 0.85;
/** Growth a second while the capacity is unknown; so much more with each second of that, up to the limit. */
const GROWTH = 0.08;
const GROWTH_GAIN = 0.02;
const GROWTH_LIMIT = 0.25;
const GROWTH_MINIMUM = 1000;
/** The rate may be so far above what arrives: what nobody sends cannot be known to fit. */
const AHEAD = 1.5;
const AHEAD_EXTRA = 10_000;
/**
 * Near the capacity the rate grows by so much a response time, the same for every flow. It is a packet and a half (in
 * libwebrtc one): flows that share a link come to equal shares sooner.
 */
const STEP_BITS = 2000 * 8;
/** Most growth near the capacity, as a share of the rate a second: what is left for small rates. */
const GROWTH_NEAR_LIMIT = 0.16;
const RESPONSE_EXTRA: Milli = 100;
const GROWTH_NEAR_MINIMUM = 4000;
const ROUND_TRIP_START: Milli = 200;
/** Decreases are so far apart: a round trip, within these bounds. */
const DECREASE_GAP_MINIMUM: Milli = 10;
const DECREASE_GAP_MAXIMUM: Milli = 200;
const STEP_TIME_LIMIT: Milli = 1000;

/** Additive increase, multiplicative decrease, draft-ietf-rmcat-gcc-02 §5.5 in libwebrtc's form. Bits a second. */
export class Aimd {
  readonly #minimum: number;
  #maximum: number;
  #rate: number;
  #mode: 'hold' | 'increase' = 'increase';
  #changedAt: Milli | undefined;
  #decreasedAt: Milli = -Infinity;
  #roundTrip: Milli = ROUND_TRIP_START;
  readonly #capacity = new LinkCapacity();
  /** Since when the rate grows without a known capacity. */
  #freeSince: Milli | undefined;

  constructor(options: { readonly start: number; readonly minimum: number; readonly maximum: number }) {
    this.#minimum = options.minimum;
    this.#maximum = options.maximum;
    this.#rate = this.#clamp(options.start);
  }

  get rate(): number {
    return this.#rate;
  }

  /** What the link carried when it was full; `undefined` while that is unknown. */
  get capacity(): number | undefined {
    return this.#capacity.estimate;
  }

  set maximum(bitsPerSecond: number) {
    this.#maximum = bitsPerSecond;
    this.#rate = this.#clamp(this.#rate);
  }

  set roundTrip(roundTrip: Milli) {
    this.#roundTrip = roundTrip;
  }

  /**
   * @param usage what the delay says
   * @param acknowledged what arrives, bits a second; `undefined` while unknown
   * @param idle too little is sent to learn that more would fit
   */
  update(usage: Usage, acknowledged: number | undefined, idle: boolean, now: Milli): number {
    switch (usage) {
      case 'over':
        this.#decrease(acknowledged, now);
        break;
      case 'under':
        this.#mode = 'hold';
        break;
      case 'normal':
        if (this.#mode === 'hold' || this.#changedAt === undefined) this.#changedAt = now;
        this.#mode = 'increase';
        this.#increase(acknowledged, idle, now);
        break;
      default:
        usage satisfies never;
    }
    return this.#rate;
  }

  /** A probe was seen to fit; `saturated` if it arrived slower than it was sent, so that this is all that fits. */
  onProbe(rate: number, saturated: boolean, now: Milli): void {
    if (saturated) this.#capacity.onProbe(rate);
    else if (rate > this.#capacity.upper) this.#capacity.reset();
    this.set(rate, now);
  }

  /** From now on the rate is this. */
  set(rate: number, now: Milli): void {
    this.#rate = this.#clamp(rate);
    this.#changedAt = now;
  }

  #increase(acknowledged: number | undefined, idle: boolean, now: Milli): void {
    const arriving = acknowledged ?? this.#rate;
    if (arriving > this.#capacity.upper) this.#capacity.reset();
    const seconds = Math.min(STEP_TIME_LIMIT, now - (this.#changedAt ?? now)) / 1000;
    this.#changedAt = now;
    const limit = idle ? this.#rate : AHEAD * arriving + AHEAD_EXTRA;
    if (this.#rate >= limit) return;
    const step = seconds * (this.#capacity.estimate === undefined ? this.#growthFar(now) : this.#growthNear());
    this.#rate = this.#clamp(Math.min(limit, this.#rate + step));
  }

  #decrease(acknowledged: number | undefined, now: Milli): void {
    this.#mode = 'hold';
    if (!this.#mayDecrease(acknowledged, now)) return;
    this.#changedAt = this.#decreasedAt = now;
    // Nothing is known of what arrives: half of it is a guess that ends a growing queue.
    if (acknowledged === undefined) {
      this.#rate = this.#clamp(this.#rate / 2);
      return;
    }
    if (acknowledged < this.#capacity.lower) this.#capacity.reset();
    let decreased = acknowledged * DECREASE;
    if (decreased > this.#rate && this.#capacity.estimate !== undefined) decreased = this.#capacity.estimate * DECREASE;
    this.#capacity.onOveruse(acknowledged);
    this.#rate = this.#clamp(Math.min(this.#rate, decreased));
  }

  /** What has just been decreased is not seen in feedback before a round trip; far too high a rate does not wait. */
  #mayDecrease(acknowledged: number | undefined, now: Milli): boolean {
    const gap = acknowledged === undefined ? DECREASE_GAP_MAXIMUM : this.#roundTrip;
    const wait = Math.min(DECREASE_GAP_MAXIMUM, Math.max(DECREASE_GAP_MINIMUM, gap));
    if (now - this.#decreasedAt >= wait) return true;
    return acknowledged !== undefined && acknowledged < this.#rate / 2;
  }

  /** Bits a second, a second. */
  #growthFar(now: Milli): number {
    this.#freeSince ??= now;
    const growth = Math.min(GROWTH_LIMIT, GROWTH + (GROWTH_GAIN * (now - this.#freeSince)) / 1000);
    return Math.max(GROWTH_MINIMUM, this.#rate * growth);
  }

  #growthNear(): number {
    this.#freeSince = undefined;
    const growth = STEP_BITS / ((this.#roundTrip + RESPONSE_EXTRA) / 1000);
    return Math.max(GROWTH_NEAR_MINIMUM, Math.min(growth, this.#rate * GROWTH_NEAR_LIMIT));
  }

  #clamp(rate: number): number {
    return Math.max(this.#minimum, Math.min(this.#maximum, rate));
  }
}

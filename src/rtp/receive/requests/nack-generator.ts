import type { Milli } from '../../../time.ts';

/** Packets asked for at a time; more missing than this and a keyframe is cheaper than resending. */
export const NACK_LIMIT = 500;
/** Nor are packets asked for that an outage took: so many at once, after so long without any. They would come far too late. */
const OUTAGE_PACKETS = 20;
const OUTAGE: Milli = 400;
/** How often the same packet is asked for. */
const ATTEMPT_LIMIT = 10;
/** Round trip until one is known. */
const ROUND_TRIP_GUESS: Milli = 100;
/** Least time between two requests for the same packet: shorter round trips than this are noise. */
const REPEAT_MINIMUM: Milli = 20;
/**
 * What a repeat waits beyond the round trip: a tenth of it, and 5 ms, which is what libwebrtc adds to its own measure
 * before it resends the same packet again (a request that comes sooner is ignored, and costs another round trip).
 */
const REPEAT_FACTOR = 1.1;
const REPEAT_MARGIN: Milli = 5;
/** Jitter counts for so much at most: then a resend that comes twice costs less than waiting. */
const JITTER_MAXIMUM: Milli = 40;
/**
 * A missing packet is given up after six round trips, within these bounds: at 10 % loss five requests and their answers
 * fail together once in 4,000 times, and a keyframe would have to come the same way.
 */
const GIVE_UP_ROUND_TRIPS = 6;
const GIVE_UP_MINIMUM: Milli = 300;
const GIVE_UP_MAXIMUM: Milli = 1000;
/** How long a packet may be late before it is asked for, as reordering is seen: at least, at most. */
const GRACE_MINIMUM: Milli = 5;
const GRACE_MAXIMUM: Milli = 40;
/** What remains of the observed reordering with each packet in order: halves in 700 packets. */
const GRACE_DECAY = 0.999;
/** A packet that so many numbers have overtaken is lost, without waiting; more, as reordering is seen. */
const OVERTAKEN_MINIMUM = 3;
const OVERTAKEN_MAXIMUM = 64;
/** Each request is said twice, so far apart: bursts of loss are over by then, and the answer is not there yet. */
const COPY_AFTER: Milli = 8;
/** Answers to the first request for a packet, smoothed over about eight. */
const ANSWER_WEIGHT = 1 / 8;

interface Missing {
  readonly since: Milli;
  /** When it is asked for again. */
  next: Milli;
  /** When the last request is said once more; `Infinity` if it has been. */
  copy: Milli;
  askedAt: Milli;
  attempts: number;
}

/** What to do about missing packets now. Positions are extended sequence numbers. */
export interface NackDue {
  /** To ask for, in order. */
  readonly ask: readonly number[];
  /** How many of them are asked for the first time. */
  readonly first: number;
  /** The highest position that is given up; `undefined` if none is. */
  readonly gaveUp: number | undefined;
}

/**
 * Decides which packets to ask for again. It waits as long as reordering has lately lasted, in time or in packets,
 * whichever is over first; repeats as soon as the answer should have come; and gives up in bounded time.
 */
export class NackGenerator {
  readonly #missing = new Map<number, Missing>();
  #highest: number | undefined;
  /** When the highest came. */
  #arrivedAt: Milli = 0;
  #grace: Milli = GRACE_MINIMUM;
  #overtaken = OVERTAKEN_MINIMUM;
  #roundTrip: Milli | undefined;
  #jitter: Milli = 0;
  /** From a request to the packet, smoothed: the round trip, and what the sender takes. */
  #answer: Milli | undefined;
  /** Given up since the last `due`, because too many were missing. */
  #overflowed: number | undefined;
  #nextAt: Milli = Infinity;

  /** When `due` has something to say; `Infinity` if nothing is missing. */
  get nextAt(): Milli {
    return this.#nextAt;
  }

  /** Packets that are missing now. */
  get missing(): number {
    return this.#missing.size;
  }

  /** Round trip by reports; until there is one it is judged by how soon requests are answered. */
  set roundTrip(value: Milli) {
    this.#roundTrip = value;
  }

  /** Jitter of the way here. */
  set jitter(value: Milli) {
    this.#jitter = Math.min(JITTER_MAXIMUM, value);
  }

  /** A packet came. @param resent true if by RTX, which says nothing about reordering */
  onPacket(position: number, now: Milli, resent: boolean): void {
    if (this.#highest === undefined) {
      this.#highest = position;
      this.#arrivedAt = now;
      return;
    }
    if (position <= this.#highest) {
      const missing = this.#missing.get(position);
      this.#missing.delete(position);
      if (missing) this.#observe(position, missing, now, resent);
      return;
    }
    this.#grace = Math.max(GRACE_MINIMUM, this.#grace * GRACE_DECAY);
    this.#overtaken = Math.max(OVERTAKEN_MINIMUM, this.#overtaken * GRACE_DECAY);
    const before = this.#highest;
    const gap = position - before - 1;
    const isOutage = gap > OUTAGE_PACKETS && now - this.#arrivedAt > OUTAGE;
    if (gap > NACK_LIMIT || isOutage) this.#overflow(position - 1);
    else for (let lost = before + 1; lost < position; lost++) this.#miss(lost, now);
    this.#highest = position;
    this.#arrivedAt = now;
    this.#hasten(before, position, now);
  }

  /** Positions below `floor` are no longer wanted. */
  forget(floor: number): void {
    for (const position of this.#missing.keys()) {
      if (position >= floor) return;
      this.#missing.delete(position);
    }
  }

  /** What to ask for at `now`. */
  due(now: Milli): NackDue {
    const ask: number[] = [];
    let first = 0;
    let gaveUp = this.#overflowed;
    this.#overflowed = undefined;
    this.#nextAt = Infinity;
    const patience = GIVE_UP_ROUND_TRIPS * this.#expected;
    const giveUpAfter = Math.min(GIVE_UP_MAXIMUM, Math.max(GIVE_UP_MINIMUM, patience));
    const repeat = this.#repeat;
    for (const [position, missing] of this.#missing) {
      if (now - missing.since >= giveUpAfter) {
        this.#missing.delete(position);
        gaveUp = Math.max(gaveUp ?? position, position);
        continue;
      }
      const isFirst = missing.attempts === 0;
      if (isDue(missing, now, repeat)) {
        ask.push(position);
        if (isFirst) first++;
      }
      this.#nextAt = Math.min(this.#nextAt, missing.next, missing.copy, missing.since + giveUpAfter);
    }
    return { ask, first, gaveUp };
  }

  /** Starts over, for another source. */
  reset(): void {
    this.#missing.clear();
    this.#highest = undefined;
    this.#overflowed = undefined;
    this.#answer = undefined;
    this.#nextAt = Infinity;
  }

  /** How long an answer should take. A sender that paces its resends takes longer than the round trip. */
  get #expected(): Milli {
    const roundTrip = this.#roundTrip;
    if (roundTrip === undefined) return this.#answer ?? ROUND_TRIP_GUESS;
    return Math.min(2 * roundTrip, Math.max(roundTrip, this.#answer ?? 0));
  }

  get #repeat(): Milli {
    return Math.max(REPEAT_MINIMUM, REPEAT_FACTOR * this.#expected + REPEAT_MARGIN + this.#jitter);
  }

  #miss(position: number, now: Milli): void {
    if (this.#missing.size >= NACK_LIMIT) this.#overflow(position - 1);
    this.#missing.set(position, { since: now, next: now + this.#grace, copy: Infinity, askedAt: 0, attempts: 0 });
    this.#nextAt = Math.min(this.#nextAt, now + this.#grace);
  }

  #overflow(position: number): void {
    this.#missing.clear();
    this.#overflowed = position;
    this.#nextAt = -Infinity;
  }

  /** Those that enough packets have overtaken by the step of the highest from `before` to `after` are asked for now. */
  #hasten(before: number, after: number, now: Milli): void {
    const overtaken = Math.round(this.#overtaken);
    for (
      let position = Math.max(before, after - NACK_LIMIT) - overtaken + 1;
      position <= after - overtaken;
      position++
    ) {
      const missing = this.#missing.get(position);
      if (missing?.attempts !== 0) continue;
      missing.next = Math.min(missing.next, now);
      this.#nextAt = Math.min(this.#nextAt, missing.next);
    }
  }

  #observe(position: number, { since, askedAt, attempts }: Missing, now: Milli, resent: boolean): void {
    // Without RTX a resend looks like a packet that is late. It cannot come sooner than the round trip.
    const answered = resent || (attempts > 0 && now - askedAt >= 0.8 * this.#expected);
    if (!answered) this.#observeReordering(now - since, (this.#highest ?? position) - position);
    else if (attempts === 1) {
      const took = now - askedAt;
      this.#answer = this.#answer === undefined ? took : this.#answer + (took - this.#answer) * ANSWER_WEIGHT;
    }
  }

  /** The packet was late, not lost: wait a little longer than that before asking next time. */
  #observeReordering(lateness: Milli, overtaken: number): void {
    if (lateness > GRACE_MAXIMUM) return;
    this.#grace = Math.min(GRACE_MAXIMUM, Math.max(this.#grace, lateness + 2));
    this.#overtaken = Math.min(OVERTAKEN_MAXIMUM, Math.max(this.#overtaken, overtaken + 1));
  }
}

/** True if the packet is to be asked for now; notes that it is, and when to ask again. */
function isDue(missing: Missing, now: Milli, repeat: Milli): boolean {
  if (now >= missing.next) {
    const isLast = missing.attempts >= ATTEMPT_LIMIT;
    missing.next = isLast ? Infinity : now + repeat;
    missing.copy = isLast ? Infinity : now + COPY_AFTER;
    missing.askedAt = now;
    missing.attempts++;
    return !isLast;
  }
  if (now < missing.copy) return false;
  missing.copy = Infinity;
  return true;
}

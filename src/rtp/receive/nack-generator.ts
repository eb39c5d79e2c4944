import type { Milli } from '../../time.ts';

/** Packets asked for at a time; more missing than this and a keyframe is cheaper than resending. */
export const NACK_LIMIT = 500;
/** How often the same packet is asked for. */
const ATTEMPT_LIMIT = 10;
/** Least time between two requests for the same packet: shorter round trips than this are noise. */
const REPEAT_MINIMUM: Milli = 20;
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

interface Missing {
  readonly since: Milli;
  next: Milli;
  attempts: number;
}

/** What to do about missing packets now. Positions are extended sequence numbers. */
export interface NackDue {
  /** To ask for, in order. */
  readonly ask: readonly number[];
  /** The highest position that is given up; `undefined` if none is. */
  readonly gaveUp: number | undefined;
}

/**
 * Decides which packets to ask for again. It waits as long as reordering has lately lasted, repeats no faster than the
 * round trip, and gives up in bounded time.
 */
export class NackGenerator {
  readonly #missing = new Map<number, Missing>();
  #highest: number | undefined;
  #grace: Milli = GRACE_MINIMUM;
  #roundTrip: Milli = 100;
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

  /** Measured round trip; 100 ms until it is known. */
  set roundTrip(value: Milli) {
    this.#roundTrip = value;
  }

  /** A packet came. @param resent true if by RTX, which says nothing about reordering */
  onPacket(position: number, now: Milli, resent: boolean): void {
    if (this.#highest === undefined) {
      this.#highest = position;
      return;
    }
    if (position <= this.#highest) {
      const missing = this.#missing.get(position);
      this.#missing.delete(position);
      if (missing && !resent) this.#observeReordering(now - missing.since);
      return;
    }
    this.#grace = Math.max(GRACE_MINIMUM, this.#grace * GRACE_DECAY);
    const gap = position - this.#highest - 1;
    if (gap > NACK_LIMIT) this.#overflow(position - 1);
    else for (let lost = this.#highest + 1; lost < position; lost++) this.#miss(lost, now);
    this.#highest = position;
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
    let gaveUp = this.#overflowed;
    this.#overflowed = undefined;
    this.#nextAt = Infinity;
    const patience = GIVE_UP_ROUND_TRIPS * this.#roundTrip;
    const giveUpAfter = Math.min(GIVE_UP_MAXIMUM, Math.max(GIVE_UP_MINIMUM, patience));
    for (const [position, missing] of this.#missing) {
      if (now - missing.since >= giveUpAfter) {
        this.#missing.delete(position);
        gaveUp = Math.max(gaveUp ?? position, position);
        continue;
      }
      if (now >= missing.next) {
        missing.next = Infinity;
        if (missing.attempts < ATTEMPT_LIMIT) {
          ask.push(position);
          missing.attempts++;
          missing.next = now + Math.max(REPEAT_MINIMUM, 1.1 * this.#roundTrip);
        }
      }
      this.#nextAt = Math.min(this.#nextAt, missing.next, missing.since + giveUpAfter);
    }
    return { ask, gaveUp };
  }

  /** Starts over, for another source. */
  reset(): void {
    this.#missing.clear();
    this.#highest = undefined;
    this.#overflowed = undefined;
    this.#nextAt = Infinity;
  }

  #miss(position: number, now: Milli): void {
    if (this.#missing.size >= NACK_LIMIT) this.#overflow(position - 1);
    this.#missing.set(position, { since: now, next: now + this.#grace, attempts: 0 });
    this.#nextAt = Math.min(this.#nextAt, now + this.#grace);
  }

  #overflow(position: number): void {
    this.#missing.clear();
    this.#overflowed = position;
    this.#nextAt = -Infinity;
  }

  /** The packet was late, not lost: wait a little longer than that before asking next time. */
  #observeReordering(lateness: Milli): void {
    if (lateness <= GRACE_MAXIMUM) this.#grace = Math.min(GRACE_MAXIMUM, Math.max(this.#grace, lateness + 2));
  }
}

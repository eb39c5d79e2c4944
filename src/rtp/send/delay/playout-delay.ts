import type { Milli } from '../../../time.ts';
import { TWICE_FROM } from '../resend/resender.ts';

/** Loss below this leaves one frame in ten at most with a packet that comes late: the receiver's own buffer sees to it. */
const CLEAN = 0.01;
/** Fewer losses than this are chance, whatever their share. */
const ENOUGH = 3;
/** Packets and losses count for so long: at 240 packets/s, 1 % of what counts is five losses. */
const MEMORY: Milli = 2000;
/** Of all frames so many may still be late: one in fifty, and most of them by one round only, which is no freeze. */
const LATE_FRAMES = 0.02;
/** More resend rounds than this take longer than a conversation bears. */
const ROUNDS = 3;
/** Most that is ever asked for. */
const LONGEST: Milli = 400;
/** Until a loss shows: the last packet of a frame is missed when the next frame comes. */
const DETECTION: Milli = 35;
/** A browser repeats its requests at multiples of 20 ms. */
const TICK: Milli = 20;
/** Of the delay a browser takes decoding and rendering away. */
const DECODING: Milli = 15;
/** Steps that the extension can say. */
const STEP: Milli = 10;
/** It falls after so long of needing less, by so much a second. */
const HOLD: Milli = 5000;
const FALL_PER_SECOND: Milli = 20;

/**
 * How long a receiver should hold pictures back so that resent packets are on time: 0 on a clean link, else as many
 * resend rounds as leave one frame in fifty late, 400 ms at most. It rises at once and falls slowly, because each
 * change is seen as a picture that slows down or hurries.
 */
export class PlayoutDelay {
  #sent = 0;
  #lost = 0;
  #packetsPerFrame = 1;
  #at: Milli | undefined;
  #minimum: Milli = 0;
  #neededAt: Milli = -Infinity;
  #fellAt: Milli = -Infinity;

  /** Milliseconds, 0–400 in steps of 10. */
  get minimum(): Milli {
    return this.#minimum;
  }

  /** The share of packets that were asked for again lately, 0–1. */
  get loss(): number {
    return this.#lost < ENOUGH || this.#sent === 0 ? 0 : Math.min(1, this.#lost / this.#sent);
  }

  /** A frame of `packets` is sent. Gives the delay that it should carry. */
  onFrame(packets: number, roundTrip: Milli, now: Milli): Milli {
    this.#age(now);
    this.#sent += packets;
    this.#packetsPerFrame += (packets - this.#packetsPerFrame) / 16;
    const needed = this.#needed(roundTrip);
    if (needed >= this.#minimum) {
      this.#minimum = needed;
      this.#neededAt = this.#fellAt = now;
    } else if (now - this.#neededAt >= HOLD && now - this.#fellAt >= (1000 * STEP) / FALL_PER_SECOND) {
      this.#minimum = Math.max(needed, this.#minimum - STEP);
      this.#fellAt = now;
    }
    return this.#minimum;
  }

  /** `packets` were asked for, for the first time. */
  onLost(packets: number, now: Milli): void {
    this.#age(now);
    this.#lost += packets;
  }

  #age(now: Milli): void {
    const left = Math.exp(-Math.max(0, now - (this.#at ?? now)) / MEMORY);
    this.#at = now;
    this.#sent *= left;
    this.#lost *= left;
  }

  #needed(roundTrip: Milli): Milli {
    const rounds = roundsFor(this.loss, this.#packetsPerFrame);
    if (rounds === 0) return 0;
    const delay = DETECTION + rounds * roundTrip + (rounds - 1) * TICK + DECODING;
    return Math.min(LONGEST, Math.ceil(delay / STEP) * STEP);
  }
}

/** After how many rounds of asking and resending, either of which may be lost too, few enough frames lack a packet. */
function roundsFor(loss: number, packetsPerFrame: number): number {
  if (loss <= CLEAN) return 0;
  let missing = loss;
  for (let rounds = 1; rounds < ROUNDS; rounds++) {
    const copies = rounds > 1 || loss >= TWICE_FROM ? 2 : 1;
    missing *= 1 - (1 - loss) * (1 - loss ** copies);
    if (1 - (1 - missing) ** packetsPerFrame <= LATE_FRAMES) return rounds;
  }
  return ROUNDS;
}

import type { Milli } from '../../../time.ts';
import { LossShare } from '../../delay/loss-share.ts';
import { SlowFall } from '../../delay/slow-fall.ts';
import { TWICE_FROM } from '../resend/resender.ts';

/** Loss below this leaves one frame in ten at most with a packet that comes late: the receiver's own buffer sees to it. */
const CLEAN = 0.01;
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

/**
 * How long a receiver should hold pictures back so that resent packets are on time: 0 on a clean link, else as many
 * resend rounds as leave one frame in fifty late, 400 ms at most.
 */
export class PlayoutDelay {
  readonly #loss = new LossShare();
  readonly #minimum = new SlowFall();
  #packetsPerFrame = 1;

  /** Milliseconds, 0–400 in steps of 10. */
  get minimum(): Milli {
    return this.#minimum.value;
  }

  /** The share of packets that were asked for again lately, 0–1. */
  get loss(): number {
    return this.#loss.value;
  }

  /** A frame of `packets` is sent. Gives the delay that it should carry. */
  onFrame(packets: number, roundTrip: Milli, now: Milli): Milli {
    this.#loss.onPackets(packets, now);
    this.#packetsPerFrame += (packets - this.#packetsPerFrame) / 16;
    return this.#minimum.follow(this.#needed(roundTrip), now);
  }

  /** `packets` were asked for, for the first time. */
  onLost(packets: number, now: Milli): void {
    this.#loss.onLost(packets, now);
  }

  #needed(roundTrip: Milli): Milli {
    const rounds = roundsFor(this.loss, this.#packetsPerFrame);
    return rounds === 0 ? 0 : Math.min(LONGEST, DETECTION + rounds * roundTrip + (rounds - 1) * TICK + DECODING);
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

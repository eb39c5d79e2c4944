import type { Chunk } from '../../media/chunk.ts';
import { ticksBetween, VIDEO_CLOCK, type Milli, type RtpTicks } from '../../time.ts';
import { LossShare } from './loss-share.ts';
import { SlowFall } from './slow-fall.ts';

/** Below this loss chunks that wait for a resend are few, and it is better that they come late than that all do. */
const CLEAN = 0.01;
/** Lateness is judged by so many chunks, three seconds; of these so many may come later than the hold lets them. */
const JUDGED = 90;
const LATE = 9;
/** Longest that a chunk is held, whatever it waits for: what piles up beyond is an outage, and only the newest of it matters. */
const LONGEST: Milli = 300;
/** The hold rises by so much with each chunk: three quarters of the speed, until it is there. */
const RISE: Milli = 10;
/**
 * What comes too late all the same catches up at this speed, each step no longer than this: a busy pixel thread takes 25 ms
 * for a picture, and gives up those that come faster.
 */
const CATCH_UP = 1.3;
const LONGEST_STEP: Milli = 28;
/** How long the quickest chunk stands for the way: the clocks at both ends drift. */
const QUICKEST_KEPT: Milli = 10_000;
/** A larger step is the source's clock. */
const JUMP: Milli = 2000;

/**
 * Gives chunks at the pace at which they were made while packets are lost: those that waited for a resend come in a
 * bunch with all that waited behind them, and of a bunch only the newest picture is worked on. Each is held until the
 * slowest of its kind would have come. On a clean way nothing is held.
 */
export class LossHold {
  readonly #loss = new LossShare();
  readonly #wanted = new SlowFall();
  /** Chunks that wait, in order, with the instant at which each may go. */
  #waiting: { readonly chunk: Chunk; readonly at: Milli }[] = [];
  /** How late the last chunks came, ms after the quickest. */
  #late: Milli[] = [];
  #delay: Milli = 0;
  #last: { readonly timestamp: RtpTicks; readonly at: Milli } | undefined;
  #first: { readonly timestamp: RtpTicks; readonly at: Milli } | undefined;
  /** Passing times after the first chunk's: the quickest of the span before, and of the one that runs. */
  #quickest = Infinity;
  #quickestSince = Infinity;
  #spanEnds: Milli = -Infinity;

  /** How long chunks are held now, counted from the quickest. */
  get delay(): Milli {
    return this.#delay;
  }

  /** When `due` has something to give; `Infinity` if nothing waits. */
  get nextAt(): Milli {
    return this.#waiting[0]?.at ?? Infinity;
  }

  /** A packet came. */
  onPacket(now: Milli): void {
    this.#loss.onPackets(1, now);
  }

  /** `packets` are missing that were not before. */
  onLost(packets: number, now: Milli): void {
    this.#loss.onLost(packets, now);
  }

  /** A chunk is whole. Its `decodable` becomes the instant at which it is let go. */
  push(chunk: Chunk, now: Milli): void {
    const late = this.#lateness(chunk.timestamp, now);
    this.#late.push(late);
    if (this.#late.length > JUDGED) this.#late.shift();
    const needed = this.#loss.value > CLEAN ? Math.min(LONGEST, nthLargest(this.#late, LATE)) : 0;
    this.#delay = Math.min(this.#delay + RISE, this.#wanted.follow(needed, now));
    const at = Math.min(now + LONGEST, Math.max(now + this.#delay - late, this.#earliest(chunk.timestamp)));
    this.#last = { timestamp: chunk.timestamp, at: Math.max(at, now) };
    this.#waiting.push(at > now ? { chunk: { ...chunk, decodable: at }, at } : { chunk, at: now });
  }

  /** The chunks that may go at `now`, in order. */
  due(now: Milli): Chunk[] {
    const count = this.#waiting.findIndex(({ at }) => at > now);
    return this.#waiting.splice(0, count < 0 ? this.#waiting.length : count).map(({ chunk }) => chunk);
  }

  /** Another source, or another count of time: what waits may go, and lateness is judged anew. */
  restart(): void {
    this.#waiting = this.#waiting.map(({ chunk }) => ({ chunk, at: -Infinity }));
    this.#late = [];
    this.#first = this.#last = undefined;
  }

  /** Not before the last one, and while chunks are held at 1.3 times the speed at most: of a bunch only the newest is worked on. */
  #earliest(timestamp: RtpTicks): Milli {
    if (!this.#last) return -Infinity;
    const interval = (ticksBetween(this.#last.timestamp, timestamp) * 1000) / VIDEO_CLOCK;
    return this.#last.at + (this.#delay > 0 ? Math.min(LONGEST_STEP, Math.max(0, interval / CATCH_UP)) : 0);
  }

  /** How much longer the chunk took than the quickest of the last ten to twenty seconds. */
  #lateness(timestamp: RtpTicks, now: Milli): Milli {
    let passing = this.#passing(timestamp, now);
    if (passing === undefined || Math.abs(passing - Math.min(this.#quickest, this.#quickestSince)) > JUMP) {
      this.#first = { timestamp, at: now };
      this.#quickest = this.#quickestSince = Infinity;
      this.#spanEnds = now + QUICKEST_KEPT;
      passing = 0;
    }
    if (now >= this.#spanEnds) {
      this.#quickest = this.#quickestSince;
      this.#quickestSince = Infinity;
      this.#spanEnds = now + QUICKEST_KEPT;
    }
    this.#quickestSince = Math.min(this.#quickestSince, passing);
    return passing - Math.min(this.#quickest, this.#quickestSince);
  }

  #passing(timestamp: RtpTicks, now: Milli): Milli | undefined {
    if (!this.#first) return undefined;
    return now - this.#first.at - (ticksBetween(this.#first.timestamp, timestamp) * 1000) / VIDEO_CLOCK;
  }
}

function nthLargest(values: readonly Milli[], n: number): Milli {
  return [...values].sort((a, b) => b - a)[n] ?? 0;
}

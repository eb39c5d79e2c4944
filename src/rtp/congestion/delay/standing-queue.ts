import type { Milli } from '../../../time.ts';

/** The least delay in so long is the way without a queue: longer than a queue is left standing, short against clock drift. */
const BASE_SPAN: Milli = 30_000;
const BASE_STEP: Milli = 1000;
/** The least delay in so long is the queue now: what jitter adds is not in it. */
const RECENT_SPAN: Milli = 200;
/** A queue up to here is left to the rate's own rule. */
const TOLERATED: Milli = 60;
/** So much more queue would stop sending, were it not for the least share. */
const FULL_BRAKE: Milli = 450;
const LEAST_SHARE = 0.25;

interface Point {
  readonly at: Milli;
  delay: Milli;
}

/**
 * The queue that stands on the way, from the least delay now against the least in 30 s, and the share of the rate that
 * lets it drain. The rule of over-use only stops a queue from growing: half a second of it, left by a link that became
 * narrower, would drain at 15 % of the rate and stand for three seconds.
 */
export class StandingQueue {
  /** Least delay by second, oldest first. */
  readonly #base: Point[] = [];
  /** Least delay by feedback, oldest first. */
  readonly #recent: Point[] = [];

  /** @param delay least arrival − sending time in one feedback; the clocks differ, so only changes mean anything */
  push(delay: Milli, now: Milli): void {
    const newest = this.#base.at(-1);
    if (newest && now - newest.at < BASE_STEP) newest.delay = Math.min(newest.delay, delay);
    else this.#base.push({ at: now, delay });
    forget(this.#base, now - BASE_SPAN);
    this.#recent.push({ at: now, delay });
    forget(this.#recent, now - RECENT_SPAN);
  }

  /** How much longer than the least even the quickest packet has taken lately. */
  get delay(): Milli {
    if (this.#recent.length === 0) return 0;
    return least(this.#recent) - least(this.#base);
  }

  /** Share of the rate to send at, 0.25–1. */
  get share(): number {
    return Math.max(LEAST_SHARE, Math.min(1, 1 - (this.delay - TOLERATED) / FULL_BRAKE));
  }
}

function forget(points: Point[], before: Milli): void {
  while (points[0] && points[0].at <= before) points.shift();
}

function least(points: readonly Point[]): Milli {
  return points.reduce((smallest, { delay }) => Math.min(smallest, delay), Infinity);
}

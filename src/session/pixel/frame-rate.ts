import { ticksBetween, VIDEO_CLOCK, type Milli, type RtpTicks } from '../../time.ts';

/** What a camera promises; believed until its frames say otherwise. */
const EXPECTED = 30;
/** Share of each new interval in the smoothed one: settles within a second. */
const SMOOTHING = 0.1;
/** A pause longer than this, ms, or a step backwards says nothing about the rate. */
const PAUSE: Milli = 1000;
/** Part of the time between two frames that one may come before it is due: cameras' timestamps are off by milliseconds. */
const EARLY = 0.4;
/** A rate that exceeds the limit by no more than this is left as it is: one frame in ten given up is a stutter. */
const NEARLY = 1.1;

/** How often frames come, and which of them go on where fewer may. */
export class FrameRate {
  #interval: Milli = 1000 / EXPECTED;
  #last: RtpTicks | undefined;
  #due: Milli = -Infinity;

  /** Frames a second that come, smoothed. */
  get current(): number {
    return 1000 / this.#interval;
  }

  /** A frame has come, whatever becomes of it: a thread that is short of time must not be taken for a slow camera. */
  note(timestamp: RtpTicks): void {
    const interval = this.#last === undefined ? 0 : (ticksBetween(this.#last, timestamp) * 1000) / VIDEO_CLOCK;
    this.#last = timestamp;
    if (interval > 0 && interval < PAUSE) this.#interval += (interval - this.#interval) * SMOOTHING;
  }

  /** True if the frame at `at`, on the media clock, goes on when at most `limit` frames a second may. */
  admit(at: Milli, limit: number): boolean {
    if (this.current <= limit * NEARLY) return true;
    if (at < this.#due - this.#interval * EARLY) return false;
    const period = 1000 / limit;
    // After a pause the count begins anew: what was missed is not made up for.
    this.#due = (at - this.#due > period ? at : this.#due) + period;
    return true;
  }
}

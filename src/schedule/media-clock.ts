import { ticksBetween, VIDEO_CLOCK, type Milli, type RtpTicks } from '../time.ts';

/** Lateness from which a frame counts as backlog, ms: above what a resend over a slow path costs (two round trips). */
const BACKLOG_FROM = 200;
/** A queue drains faster than it filled: frames of a backlog come within this share of the time between them. */
const BURST = 0.5;
/** A step of the media clock against ours beyond this, ms, is a new clock, not lateness. */
const JUMP = 5000;
/** How fast the minimum rises by itself, ms a second: follows clocks that run apart (0.1 % at most in practice) and paths. */
const RISE = 2;

/**
 * How far behind its media clock a source is read: read time − RTP time, above its running minimum. A kernel buffer
 * that filled while this process stood still shows as frames that arrive in a burst, each later than its timestamp says.
 */
export class MediaClock {
  #last: { readonly timestamp: RtpTicks; readonly readAt: Milli; readonly media: Milli } | undefined;
  #minimum = 0;
  #draining = false;

  /** Lateness of a frame, ms, 0 or more. Frames must be told in the order in which they were read. */
  lateness(timestamp: RtpTicks, readAt: Milli): Milli {
    const last = this.#last;
    if (!last) return this.#start(timestamp, readAt);
    const advance = mediaMilli(last.timestamp, timestamp);
    if (Math.abs(advance - (readAt - last.readAt)) > JUMP) return this.#start(timestamp, readAt);
    const media = last.media + advance;
    const risen = this.#minimum + (Math.max(0, readAt - last.readAt) / 1000) * RISE;
    this.#last = { timestamp, readAt, media };
    this.#minimum = Math.min(risen, readAt - media);
    return readAt - media - this.#minimum;
  }

  /**
   * True if a frame comes out of a backlog: it should be decoded, since later ones need it, but not swapped. Late frames
   * that come one by one at their own pace are not: then the path has become longer, and that is the new normal.
   */
  isBacklog(timestamp: RtpTicks, readAt: Milli): boolean {
    const before = this.#last;
    const late = this.lateness(timestamp, readAt) >= BACKLOG_FROM;
    const paced = before !== undefined && readAt - before.readAt >= mediaMilli(before.timestamp, timestamp) * BURST;
    if (late && this.#draining && paced) {
      this.#start(timestamp, readAt);
      return false;
    }
    this.#draining = late;
    return late;
  }

  #start(timestamp: RtpTicks, readAt: Milli): Milli {
    this.#last = { timestamp, readAt, media: 0 };
    this.#minimum = readAt;
    this.#draining = false;
    return 0;
  }
}

function mediaMilli(from: RtpTicks, to: RtpTicks): Milli {
  return (ticksBetween(from, to) * 1000) / VIDEO_CLOCK;
}

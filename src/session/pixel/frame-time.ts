import { ticksBetween, VIDEO_CLOCK, type Milli, type RtpTicks } from '../../time.ts';

/** A step between frames beyond this, ms, or one backwards, is a jump of the source's clock. */
const JUMP = 5000;

/**
 * Turns RTP timestamps into instants that only grow: what faces move by. Smoother than arrival times, which carry the
 * network's jitter. Across a jump of the source's clock our own clock measures the step.
 */
export class FrameTime {
  #timestamp: RtpTicks | undefined;
  #arrived: Milli = 0;
  #at: Milli = 0;

  /** The instant of the next frame, ms. */
  next(timestamp: RtpTicks, arrived: Milli): Milli {
    if (this.#timestamp === undefined) this.#at = arrived;
    else {
      const step = (ticksBetween(this.#timestamp, timestamp) * 1000) / VIDEO_CLOCK;
      const jumped = step <= 0 || Math.abs(step - (arrived - this.#arrived)) > JUMP;
      this.#at += jumped ? Math.max(1, arrived - this.#arrived) : step;
    }
    this.#timestamp = timestamp;
    this.#arrived = arrived;
    return this.#at;
  }
}

import type { ErrorCode } from '../../errors.ts';
import type { Milli } from '../../time.ts';

/** What a sender may send at most; the operator's settings. */
export interface SenderRates {
  /** Frames a second. */
  readonly frameRate: number;
  /** Bits of video a second. */
  readonly bitrate: number;
}

/** What every camera keeps to. */
export const USUAL_RATES: SenderRates = { frameRate: 65, bitrate: 20_000_000 };

/** Frames that may come at once, in seconds of the rate: what waited through an outage comes in a burst. */
const BURST_SECONDS = 2;
/** A sender that exceeds its limits in so many seconds in a row is given up: it does not only start up, or catch up. */
const PATIENCE_SECONDS = 3;

/**
 * Holds a sender to its limits: frames over the rate are given up before they cost a pixel thread anything, and who goes on
 * is given up himself. Pure.
 */
export class SenderLimits {
  readonly #rates: SenderRates;
  #frames: number;
  #at: Milli;
  #exceeded = { frame: 0, bit: 0 };

  constructor(rates: SenderRates, now: Milli) {
    this.#rates = rates;
    this.#frames = rates.frameRate * BURST_SECONDS;
    this.#at = now;
  }

  /** True if one more frame may pass now. */
  admit(now: Milli): boolean {
    const { frameRate } = this.#rates;
    const earned = ((now - this.#at) / 1000) * frameRate;
    this.#frames = Math.min(frameRate * BURST_SECONDS, this.#frames + earned);
    this.#at = now;
    if (this.#frames < 1) return false;
    this.#frames--;
    return true;
  }

  /** Takes the figures of a second in. Gives why the sender is to be given up, if it is. */
  judge({ fpsIn, bitrateIn }: { readonly fpsIn: number; readonly bitrateIn: number }): ErrorCode | undefined {
    const { frameRate, bitrate } = this.#rates;
    const { frame, bit } = this.#exceeded;
    this.#exceeded = { frame: fpsIn > frameRate ? frame + 1 : 0, bit: bitrateIn > bitrate ? bit + 1 : 0 };
    if (this.#exceeded.frame >= PATIENCE_SECONDS) return 'frame_rate_exceeded';
    return this.#exceeded.bit >= PATIENCE_SECONDS ? 'bitrate_exceeded' : undefined;
  }
}

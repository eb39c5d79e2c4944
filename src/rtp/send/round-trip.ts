import type { Milli } from '../../time.ts';
import { ntpMiddle, type NtpClock } from '../rtcp/ntp-clock.ts';
import type { ReportBlock } from '../rtcp/rtcp-packet.ts';

/** Rounding on both ends may make a short one a little negative. */
const ROUNDING: Milli = 1;
/** Longer ones are a clock's mistake, not a network's. */
const LONGEST: Milli = 10_000;

/** Round trip from report blocks, RFC 3550 §6.4.1: now − LSR − DLSR. */
export class RoundTrip {
  readonly #clock: NtpClock;
  #latest: Milli | undefined;
  #smoothed: Milli | undefined;
  /**
   * What transport-wide feedback shows, if there is any. It has waited at the receiver, so the way cannot take longer: it
   * stands in before the first report, and where reports speak of a slower way than there now is.
   */
  shown: Milli | undefined;

  constructor(clock: NtpClock) {
    this.#clock = clock;
  }

  /** The latest measurement; `undefined` before the first. */
  get latest(): Milli | undefined {
    return this.#latest;
  }

  /** Smoothed over about eight reports, at most what feedback shows. */
  get smoothed(): Milli | undefined {
    if (this.#smoothed === undefined || this.shown === undefined) return this.#smoothed ?? this.shown;
    return Math.min(this.#smoothed, this.shown);
  }

  onReport(block: ReportBlock, now: Milli): void {
    if (block.lastSenderReport === 0) return;
    const ticks = (ntpMiddle(this.#clock.at(now)) - block.lastSenderReport - block.delaySinceLastSenderReport) | 0;
    const milliseconds = (ticks / 65_536) * 1000;
    if (milliseconds < -ROUNDING || milliseconds > LONGEST) return;
    const measured = Math.max(0, milliseconds);
    this.#latest = measured;
    this.#smoothed = this.#smoothed === undefined ? measured : this.#smoothed + (measured - this.#smoothed) / 8;
  }
}

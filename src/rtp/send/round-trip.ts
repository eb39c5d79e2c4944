import type { Milli } from '../../time.ts';
import { ntpMiddle, type NtpClock } from '../rtcp/ntp-clock.ts';
import type { ReportBlock } from '../rtcp/rtcp-packet.ts';

/** Longer ones are a clock's mistake, not a network's. */
const LONGEST: Milli = 10_000;

/** Round trip from report blocks, RFC 3550 §6.4.1: now − LSR − DLSR. */
export class RoundTrip {
  readonly #clock: NtpClock;
  #latest: Milli | undefined;
  #smoothed: Milli | undefined;

  constructor(clock: NtpClock) {
    this.#clock = clock;
  }

  /** The latest measurement; `undefined` before the first. */
  get latest(): Milli | undefined {
    return this.#latest;
  }

  /** Smoothed over about eight reports. */
  get smoothed(): Milli | undefined {
    return this.#smoothed;
  }

  onReport(block: ReportBlock, now: Milli): void {
    if (block.lastSenderReport === 0) return;
    const ticks = ntpMiddle(this.#clock.at(now)) - block.lastSenderReport - block.delaySinceLastSenderReport;
    // Rounding on both ends may make it a little negative.
    const measured = (Math.max(0, ticks | 0) / 65_536) * 1000;
    if (measured > LONGEST) return;
    this.#latest = measured;
    this.#smoothed = this.#smoothed === undefined ? measured : this.#smoothed + (measured - this.#smoothed) / 8;
  }
}

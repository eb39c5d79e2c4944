/** Receiver statistics, RFC 3550 §6.4.1 and appendix A. */
import { ticksBetween, type Milli, type RtpTicks } from '../../time.ts';
import { SequenceUnwrapper } from '../packet/sequence.ts';
import { ntpMiddle } from '../rtcp/ntp-clock.ts';
import type { NtpTime, ReportBlock } from '../rtcp/rtcp-packet.ts';

/** Transit changes beyond this are a jump of a clock or a pause, not jitter. */
const TRANSIT_LIMIT: Milli = 5000;

/** What one source's packets say about the way they came. Resends are not counted: they are not the source's packets. */
export class ReceiveStatistics {
  readonly #clockRate: number;
  #ssrc = 0;
  #sequence = new SequenceUnwrapper();
  #first = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  /** Ticks, as a fraction: it cannot overflow. */
  #jitter = 0;
  #last: { readonly timestamp: RtpTicks; readonly arrived: Milli } | undefined;
  #report: { readonly middle: number; readonly arrived: Milli } | undefined;

  /** @param clockRate ticks a second of the media clock */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Jitter in milliseconds. */
  get jitter(): Milli {
    return (this.#jitter / this.#clockRate) * 1000;
  }

  /** Packets received. */
  get received(): number {
    return this.#received;
  }

  /** Starts over, for source `ssrc` or a new count of the same one. */
  restart(ssrc: number): void {
    this.#ssrc = ssrc;
    this.#sequence = new SequenceUnwrapper();
    this.#received = this.#expectedBefore = this.#receivedBefore = 0;
    this.#jitter = 0;
    this.#last = this.#report = undefined;
  }

  onPacket(sequence: number, timestamp: RtpTicks, arrived: Milli): void {
    const before = this.#sequence.highest;
    const extended = this.#sequence.unwrap(sequence);
    if (before === undefined) this.#first = extended;
    this.#received++;
    // Packets of one frame share a timestamp and leave together; only the first of each tells about the way.
    if (before !== undefined && extended <= before) return;
    if (this.#last?.timestamp === timestamp) return;
    if (this.#last) {
      const ticks = ticksBetween(this.#last.timestamp, timestamp);
      const change = Math.abs(((arrived - this.#last.arrived) * this.#clockRate) / 1000 - ticks);
      if (change < (TRANSIT_LIMIT * this.#clockRate) / 1000) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#last = { timestamp, arrived };
  }

  /** A sender report of this source came. */
  onSenderReport(ntp: NtpTime, arrived: Milli): void {
    this.#report = { middle: ntpMiddle(ntp), arrived };
  }

  /** A block for the next report; `undefined` before the first packet. Begins the next interval. */
  report(now: Milli): ReportBlock | undefined {
    const highest = this.#sequence.highest;
    if (highest === undefined) return undefined;
    const expected = highest - this.#first + 1;
    const interval = expected - this.#expectedBefore;
    const lost = interval - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      ssrc: this.#ssrc,
      fractionLost: interval > 0 && lost > 0 ? Math.min(255, Math.floor((lost * 256) / interval)) : 0,
      cumulativeLost: Math.min(0x7f_ffff, Math.max(-0x80_0000, expected - this.#received)),
      highestSequence: highest >>> 0,
      jitter: Math.min(0xffff_ffff, Math.round(this.#jitter)),
      lastSenderReport: this.#report?.middle ?? 0,
      delaySinceLastSenderReport: this.#report
        ? Math.min(0xffff_ffff, Math.max(0, Math.round(((now - this.#report.arrived) * 65_536) / 1000)))
        : 0,
    };
  }
}

import { ticksBetween, type Milli, type RtpTicks } from '../time.ts';
import { ntpToMilli } from './rtcp/ntp-clock.ts';
import type { NtpTime } from './rtcp/rtcp-packet.ts';

/** Sender reports by which the offset of the source's clock is judged: half a minute of them, then drift would show. */
const REPORTS_KEPT = 16;

/**
 * Relates the media clocks of one caller (its audio and its video) to ours, so that our sender reports keep sound and
 * picture in step: by the caller's sender reports once both have come, by arrival until then.
 */
export class SourceClock {
  readonly #lines: MediaTimeline[] = [];
  /** Arrival minus NTP time of the latest reports; the smallest waited the least on the way. */
  #offsets: Milli[] = [];

  /** The timeline of one media line. @param clockRate ticks a second */
  timeline(clockRate: number): MediaTimeline {
    const line = new MediaTimeline(clockRate, this);
    this.#lines.push(line);
    return line;
  }

  /** Our clock minus the source's, ms; `undefined` until every line that is heard has had a sender report. */
  get offset(): Milli | undefined {
    if (this.#offsets.length === 0 || this.#lines.some((line) => line.heard && !line.reported)) return undefined;
    return Math.min(...this.#offsets);
  }

  /** For `MediaTimeline`. */
  addReport(ntp: Milli, arrived: Milli): void {
    this.#offsets.push(arrived - ntp);
    if (this.#offsets.length > REPORTS_KEPT) this.#offsets.shift();
  }

  /** For `MediaTimeline`: another source may have another clock. */
  forget(): void {
    this.#offsets = [];
  }
}

/** One media line's timestamps on our clock. */
export class MediaTimeline {
  readonly clockRate: number;
  readonly #source: SourceClock;
  /** The packet that waited least on the way: its timestamp and arrival. */
  #fastest: { readonly timestamp: RtpTicks; readonly arrived: Milli } | undefined;
  #report: { readonly timestamp: RtpTicks; readonly ntp: Milli } | undefined;

  constructor(clockRate: number, source: SourceClock) {
    this.clockRate = clockRate;
    this.#source = source;
  }

  get heard(): boolean {
    return this.#fastest !== undefined;
  }

  get reported(): boolean {
    return this.#report !== undefined;
  }

  /** A packet came. */
  onPacket(timestamp: RtpTicks, arrived: Milli): void {
    if (this.#fastest) {
      const lead = this.#ahead(this.#fastest.timestamp, timestamp) - (arrived - this.#fastest.arrived);
      // Beyond a second it is no shorter wait but another clock.
      if (lead < 0 && lead > -1000) return;
    }
    this.#fastest = { timestamp, arrived };
  }

  /** The source's sender report came. */
  onSenderReport(ntp: NtpTime, timestamp: RtpTicks, arrived: Milli): void {
    this.#report = { timestamp, ntp: ntpToMilli(ntp) };
    this.#source.addReport(this.#report.ntp, arrived);
  }

  /** Another source began. */
  reset(): void {
    this.#fastest = undefined;
    this.#report = undefined;
    this.#source.forget();
  }

  /** The source's media clock at our instant `now`; `undefined` before the first packet. */
  ticksAt(now: Milli): RtpTicks | undefined {
    const offset = this.#source.offset;
    if (this.#report && offset !== undefined) {
      return this.#later(this.#report.timestamp, now - offset - this.#report.ntp);
    }
    return this.#fastest && this.#later(this.#fastest.timestamp, now - this.#fastest.arrived);
  }

  #ahead(from: RtpTicks, to: RtpTicks): Milli {
    return (ticksBetween(from, to) / this.clockRate) * 1000;
  }

  #later(timestamp: RtpTicks, by: Milli): RtpTicks {
    return (((timestamp + Math.round((by * this.clockRate) / 1000)) % 2 ** 32) + 2 ** 32) % 2 ** 32;
  }
}

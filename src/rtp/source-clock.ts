import { ticksBetween, type Milli, type RtpTicks } from '../time.ts';
import { ntpToMilli } from './rtcp/ntp-clock.ts';
import type { NtpTime } from './rtcp/rtcp-packet.ts';

/** How long the fastest packet stands for the way: after that the clocks may have drifted apart by a millisecond. */
const FASTEST_KEPT: Milli = 10_000;
/** Sender reports by which the offset of the source's clock is judged: half a minute of them, then drift would show. */
const REPORTS_KEPT = 16;
/** No packet waits longer than this: a larger step is the source's clock. */
const JUMP: Milli = 1000;

/**
 * Relates the media clocks of one caller (its audio and its video) to ours, so that our sender reports keep sound and
 * picture in step: by the caller's sender reports once both have come, by arrival until then.
 */
export class SourceClock {
  /** To the source and back, ms, where it is known: half of it is the way that its reports took. */
  roundTrip: Milli = 0;
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

/** A packet's timestamp and arrival. */
interface Passage {
  readonly timestamp: RtpTicks;
  readonly arrived: Milli;
}

/** What a line's timestamps say on our clock, as those see it who tell it of packets and ask. */
export type Timeline = Pick<MediaTimeline, 'onPacket' | 'onSenderReport' | 'reset' | 'ticksAt' | 'ntpAt'>;

/** A timeline that others tell of packets. */
export type AskedTimeline = Pick<MediaTimeline, 'ticksAt' | 'ntpAt'>;

/** A timeline to ask, for those who hear what another already tells it. */
export function onlyAsked(timeline: AskedTimeline): Timeline {
  const nothing = (): void => undefined;
  return {
    onPacket: nothing,
    onSenderReport: nothing,
    reset: nothing,
    ticksAt: (now) => timeline.ticksAt(now),
    ntpAt: (now) => timeline.ntpAt(now),
  };
}

/** One media line's timestamps on our clock. */
export class MediaTimeline {
  readonly clockRate: number;
  readonly #source: SourceClock;
  /** The packet that waited least on the way: of the last span, and of the one that is running. */
  #fastest: Passage | undefined;
  #fastestSince: Passage | undefined;
  #spanEnds: Milli = 0;
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
    const passage = { timestamp, arrived };
    if (this.#fastestSince && arrived >= this.#spanEnds) {
      this.#fastest = this.#fastestSince;
      this.#fastestSince = undefined;
    }
    if (!this.#fastestSince) this.#spanEnds = arrived + FASTEST_KEPT;
    this.#fastestSince = this.#faster(this.#fastestSince, passage);
    this.#fastest = this.#faster(this.#fastest, passage);
  }

  /** The source's sender report came. */
  onSenderReport(ntp: NtpTime, timestamp: RtpTicks, arrived: Milli): void {
    this.#report = { timestamp, ntp: ntpToMilli(ntp) };
    this.#source.addReport(this.#report.ntp, arrived);
  }

  /** Another source began. */
  reset(): void {
    this.#fastest = undefined;
    this.#fastestSince = undefined;
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

  /** The one that waited less; the later one if more than a second apart, for then the source's clock has jumped. */
  #faster(before: Passage | undefined, after: Passage): Passage {
    if (!before) return after;
    const lead =
      (ticksBetween(before.timestamp, after.timestamp) / this.clockRate) * 1000 - (after.arrived - before.arrived);
    return lead >= 0 || lead <= -JUMP ? after : before;
  }

  /** The source's own clock at our instant `now`, NTP time in ms since 1900, by its reports; `undefined` without any. */
  ntpAt(now: Milli): Milli | undefined {
    const { offset, roundTrip } = this.#source;
    return offset === undefined ? undefined : now - offset + roundTrip / 2;
  }

  #later(timestamp: RtpTicks, by: Milli): RtpTicks {
    return (((timestamp + Math.round((by * this.clockRate) / 1000)) % 2 ** 32) + 2 ** 32) % 2 ** 32;
  }
}

import type { CaptureTime } from '../../media/chunk.ts';
import type { Milli } from '../../time.ts';
import { CAPTURE_TIME_SIZE, passCaptureTime, writeCaptureTime } from '../packet/capture-time.ts';
import { EXTENSION_URI, type ExtensionElement } from '../packet/extension.ts';
import { ntpToMilli, type NtpClock } from '../rtcp/ntp-clock.ts';
import type { AskedTimeline } from '../source-clock.ts';

/** Passes on when a frame was captured, where that is negotiated and the frame's sender told it: nothing is made up. */
export class CaptureNotice {
  /** Most bytes that it adds to a packet. */
  readonly size: number;
  readonly #id: number | undefined;
  readonly #clock: NtpClock;
  readonly #timeline: AskedTimeline | undefined;

  /** @param ids negotiated extension ids by URI @param timeline the input's, whose clock the offset is told by */
  constructor(ids: ReadonlyMap<string, number> | undefined, clock: NtpClock, timeline: AskedTimeline | undefined) {
    this.#id = ids?.get(EXTENSION_URI.absoluteCaptureTime);
    this.size = this.#id === undefined ? 0 : CAPTURE_TIME_SIZE;
    this.#clock = clock;
    this.#timeline = timeline;
  }

  /** For the first packet of a frame. */
  element(time: CaptureTime | undefined, now: Milli): ExtensionElement | undefined {
    if (this.#id === undefined || time === undefined) return undefined;
    const theirs = this.#timeline?.ntpAt(now);
    const ahead = theirs === undefined ? undefined : theirs - ntpToMilli(this.#clock.at(now));
    return { id: this.#id, value: writeCaptureTime(passCaptureTime(time, ahead)) };
  }
}

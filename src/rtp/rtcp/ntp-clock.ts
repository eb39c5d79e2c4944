import type { Milli } from '../../time.ts';
import type { NtpTime } from './rtcp-packet.ts';

/** Seconds between the epochs of NTP (1900) and Unix (1970). */
const NTP_EPOCH = 2_208_988_800;

/**
 * Wall-clock time for sender reports: the monotonic clock plus an offset that is fixed at the start, so that a clock
 * set by hand or by NTP never makes the media clock jump.
 */
export class NtpClock {
  readonly #offset: Milli;

  /** @param offset wall clock (ms since 1970) minus monotonic clock, taken once when the process starts */
  constructor(offset: Milli) {
    this.#offset = offset;
  }

  /** NTP time at a monotonic instant. */
  at(now: Milli): NtpTime {
    const wall = now + this.#offset;
    const seconds = Math.floor(wall / 1000);
    const low = Math.floor(((wall - seconds * 1000) / 1000) * 2 ** 32);
    return { high: (seconds + NTP_EPOCH) % 2 ** 32, low };
  }
}

/** Milliseconds of an NTP time since 1900; only differences of one source mean anything. */
export function ntpToMilli({ high, low }: NtpTime): Milli {
  return high * 1000 + (low / 2 ** 32) * 1000;
}

/** The middle 32 bits (1/65,536 s), as report blocks quote them. */
export function ntpMiddle({ high, low }: NtpTime): number {
  return (((high & 0xffff) << 16) | (low >>> 16)) >>> 0;
}

/** Time on one host. Every instant is CLOCK_MONOTONIC, which is the same in every process of the machine. */

import { readFileSync } from 'node:fs';

declare const unit: unique symbol;

/** Milliseconds: an instant on the monotonic clock, or a duration, as the name says (`deadline`, `budget`). */
export type Milli = number & { readonly [unit]?: 'ms' };
/** Microseconds on the same clock. */
export type Micro = number & { readonly [unit]?: 'us' };
/** RTP timestamp: an unsigned 32-bit counter of the media clock (90 kHz for video, 48 kHz for Opus), RFC 3550 §5.1. */
export type RtpTicks = number & { readonly [unit]?: 'rtp' };

/** Where code gets the time from; tests hand in their own. */
export interface Clock {
  /** Now, in fractional milliseconds on the monotonic clock. */
  now(): Milli;
}

/** The machine's monotonic clock (`process.hrtime`): comparable between processes and threads of one host. */
export const monotonic: Clock = {
  now: () => Number(process.hrtime.bigint()) / 1e6,
};

/**
 * Processor time that this thread has used, milliseconds from some instant on. Where the system does not tell it by thread
 * (it does on Linux), the monotonic clock: then waiting for others counts too.
 */
export function threadTime(): Milli {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return monotonic.now();
  }
}

/** Wall-clock time in milliseconds since 1970: for records and certificates, never for deadlines. */
export function wallClock(): Milli {
  return Date.now();
}

/** Ticks of the video clock in a second, RFC 3551. */
export const VIDEO_CLOCK = 90_000;
/** Ticks of Opus's RTP clock in a second, RFC 7587. */
export const AUDIO_CLOCK = 48_000;

/** `to − from` in ticks, signed, across the 32-bit wrap. */
export function ticksBetween(from: RtpTicks, to: RtpTicks): number {
  return (to - from) | 0;
}

/** `timestamp + delta`, kept in 32 bits. */
export function addTicks(timestamp: RtpTicks, delta: number): RtpTicks {
  return (timestamp + delta) >>> 0;
}

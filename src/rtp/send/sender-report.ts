import { addTicks, type Milli, type RtpTicks } from '../../time.ts';
import type { NtpClock } from '../rtcp/ntp-clock.ts';
import type { SenderReport } from '../rtcp/rtcp-packet.ts';
import type { MediaTimeline } from '../source-clock.ts';
import type { TimestampMap } from './timestamp-map.ts';

/** What one line has sent so far. */
export interface SentLine {
  readonly ssrc: number;
  /** Ticks a second. */
  readonly clockRate: number;
  readonly clock: NtpClock;
  /** The input's timeline; without it the report counts from the last packet sent. */
  readonly timeline: Pick<MediaTimeline, 'ticksAt'> | undefined;
  readonly timestamps: TimestampMap;
  /** The last packet's; `undefined` before the first. */
  readonly last: { readonly timestamp: RtpTicks; readonly at: Milli } | undefined;
  readonly packetCount: number;
  /** Payload bytes. */
  readonly octetCount: number;
}

/** A sender report (RFC 3550 §6.4.1) without report blocks; `undefined` before the first packet. */
export function senderReport(line: SentLine, now: Milli): SenderReport | undefined {
  const { ssrc, clockRate, clock, timeline, timestamps, last, packetCount, octetCount } = line;
  if (last === undefined) return undefined;
  const input = timeline?.ticksAt(now);
  const passed = Math.round(((now - last.at) * clockRate) / 1000);
  const rtpTimestamp = input === undefined ? addTicks(last.timestamp, passed) : timestamps.peek(input);
  return { type: 'sender-report', ssrc, ntp: clock.at(now), rtpTimestamp, packetCount, octetCount, reports: [] };
}

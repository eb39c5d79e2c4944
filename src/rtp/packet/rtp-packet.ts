/**
 * RTP packets, RFC 3550 §5.1.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * |                           timestamp                           |
 * |                             SSRC                              |
 * |                  CSRC (CC times) …  extension …  payload … pad|
 */
import type { RtpTicks } from '../../time.ts';
import { readU16, readU32, readU8, writeU16, writeU32 } from './bytes.ts';

/** Bytes of the fixed header. */
export const RTP_HEADER = 12;

/** One packet taken apart. All arrays are views into `data`; nothing is copied. */
export interface RtpPacket {
  /** The whole packet. */
  readonly data: Uint8Array;
  readonly marker: boolean;
  /** 0–127. */
  readonly payloadType: number;
  /** 0–65535. */
  readonly sequence: number;
  readonly timestamp: RtpTicks;
  readonly ssrc: number;
  /** Profile word of the header extension (0xBEDE: one-byte, 0x100X: two-byte elements); 0 without one. */
  readonly extensionProfile: number;
  /** Where the extension's elements begin and end in `data`; equal without one. */
  readonly extensionStart: number;
  readonly extensionEnd: number;
  /** Without padding. Empty in a packet that only probes or pads. */
  readonly payload: Uint8Array;
}

/** Takes a packet apart; `undefined` if it is not a well-formed RTP packet of version 2. */
export function parseRtp(data: Uint8Array): RtpPacket | undefined {
  if (data.length < RTP_HEADER) return undefined;
  const first = readU8(data, 0);
  if (first >> 6 !== 2) return undefined;
  let at = RTP_HEADER + (first & 0x0f) * 4;
  let extensionProfile = 0;
  let extensionStart = at;
  let extensionEnd = at;
  if (first & 0x10) {
    if (at + 4 > data.length) return undefined;
    extensionProfile = readU16(data, at);
    extensionStart = at + 4;
    extensionEnd = extensionStart + readU16(data, at + 2) * 4;
    at = extensionEnd;
  }
  let end = data.length;
  if (first & 0x20) {
    const padding = readU8(data, end - 1);
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (at > end) return undefined;
  const second = readU8(data, 1);
  return {
    data,
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequence: readU16(data, 2),
    timestamp: readU32(data, 4),
    ssrc: readU32(data, 8),
    extensionProfile,
    extensionStart,
    extensionEnd,
    payload: data.subarray(at, end),
  };
}

/** What `writeRtpHeader` writes. */
export interface RtpHeaderFields {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: RtpTicks;
  readonly ssrc: number;
}

/** Writes the fixed header at the start of `target`, in place. The extension flag is set if `extension` is. */
export function writeRtpHeader(target: Uint8Array, fields: RtpHeaderFields, extension: boolean): void {
  target[0] = extension ? 0x90 : 0x80;
  target[1] = (fields.marker ? 0x80 : 0) | (fields.payloadType & 0x7f);
  writeU16(target, 2, fields.sequence);
  writeU32(target, 4, fields.timestamp);
  writeU32(target, 8, fields.ssrc);
}

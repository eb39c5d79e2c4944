/** Rewriting packets in place, for media that is forwarded without being decoded. */
import type { RtpTicks } from '../../time.ts';
import { readU8, writeU16, writeU32 } from './bytes.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** Replaces the SSRC in place. */
export function rewriteSsrc(data: Uint8Array, ssrc: number): void {
  writeU32(data, 8, ssrc);
}

/** Replaces the payload type in place; the marker stays. */
export function rewritePayloadType(data: Uint8Array, payloadType: number): void {
  data[1] = (readU8(data, 1) & 0x80) | (payloadType & 0x7f);
}

/** Replaces the sequence number in place. */
export function rewriteSequence(data: Uint8Array, sequence: number): void {
  writeU16(data, 2, sequence);
}

/** Replaces the timestamp in place. */
export function rewriteTimestamp(data: Uint8Array, timestamp: RtpTicks): void {
  writeU32(data, 4, timestamp);
}

/**
 * The same packet without header extensions, CSRCs and padding. Ids are negotiated for each leg anew, so a forwarded
 * packet must not carry those of the leg it came by. The fixed header moves up against the payload, in place: the
 * bytes before it are spent, and `packet.data` must not be read afterwards.
 */
export function stripToPayload(packet: RtpPacket): Uint8Array {
  const { data, payload } = packet;
  const payloadAt = payload.byteOffset - data.byteOffset;
  const start = payloadAt - 12;
  if (start > 0) data.copyWithin(start, 0, 12);
  data[start] = 0x80;
  return data.subarray(start, payloadAt + payload.length);
}

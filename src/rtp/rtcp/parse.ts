/**
 * RTCP compound packets, RFC 3550 §6.1: packets of whole 32-bit words, each
 * |V=2|P|  count  |      PT       |  length in words − 1  |
 */
import { readU16, readU8 } from '../packet/bytes.ts';
import { parsePayloadFeedback, parseTransportLayerFeedback } from './parse-feedback.ts';
import { parseBye, parseReceiverReport, parseSenderReport, parseSourceDescription } from './parse-reports.ts';
import type { RtcpPacket } from './rtcp-packet.ts';

/** Packets read from one compound: far more than any sender puts in a datagram, few enough to bound the work. */
const COMPOUND_LIMIT = 64;

/**
 * All packets of a compound that are understood, in order. Unknown and malformed ones are left out; a length that
 * points outside ends it. Never throws.
 */
export function parseRtcp(data: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let at = 0;
  for (let count = 0; count < COMPOUND_LIMIT && at + 4 <= data.length; count++) {
    const first = readU8(data, at);
    const end = at + (readU16(data, at + 2) + 1) * 4;
    if (first >> 6 !== 2 || end > data.length) break;
    const padding = first & 0x20 ? readU8(data, end - 1) : 0;
    if (at + 4 + padding <= end) {
      const packet = parseOne(readU8(data, at + 1), first & 0x1f, data.subarray(at + 4, end - padding));
      if (packet) packets.push(packet);
    }
    at = end;
  }
  return packets;
}

/** `body` is what follows the first word, without padding. */
function parseOne(payloadType: number, count: number, body: Uint8Array): RtcpPacket | undefined {
  switch (payloadType) {
    case 200:
      return parseSenderReport(count, body);
    case 201:
      return parseReceiverReport(count, body);
    case 202:
      return parseSourceDescription(count, body);
    case 203:
      return parseBye(count, body);
    case 205:
      return parseTransportLayerFeedback(count, body);
    case 206:
      return parsePayloadFeedback(count, body);
    default:
      return undefined;
  }
}

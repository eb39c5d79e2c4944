import { assertNever } from '../../errors.ts';
import { writeU16, writeU24, writeU32 } from '../packet/bytes.ts';
import type { Nack, ReportBlock, RtcpPacket, SenderReport, SourceDescription } from './rtcp-packet.ts';
import { writeTransportFeedback } from './transport-feedback.ts';

/** Most report blocks of one report, and names of one description: their count has 5 bits. */
const COUNT_LIMIT = 31;

/** Payload type, count or format, and the body that follows the first word. */
interface Parts {
  readonly payloadType: number;
  readonly count: number;
  readonly body: Uint8Array;
}

/** One compound of all `packets`, in their order (RFC 3550 wants a report first; RFC 5506 allows feedback alone). */
export function serializeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  const parts = packets.map(partsOf);
  const sizes = parts.map(({ body }) => 4 + ((body.length + 3) & ~3));
  const compound = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  parts.forEach(({ payloadType, count, body }, index) => {
    const size = sizes[index] ?? 0;
    const padding = size - 4 - body.length;
    compound[at] = 0x80 | (padding > 0 ? 0x20 : 0) | count;
    compound[at + 1] = payloadType;
    writeU16(compound, at + 2, size / 4 - 1);
    compound.set(body, at + 4);
    at += size;
    if (padding > 0) compound[at - 1] = padding;
  });
  return compound;
}

function partsOf(packet: RtcpPacket): Parts {
  switch (packet.type) {
    case 'sender-report':
      return { payloadType: 200, count: blockCount(packet.reports), body: senderReportBody(packet) };
    case 'receiver-report':
      return { payloadType: 201, count: blockCount(packet.reports), body: reportBody([packet.ssrc], packet.reports) };
    case 'source-description':
      return { payloadType: 202, count: Math.min(COUNT_LIMIT, packet.names.length), body: descriptionBody(packet) };
    case 'bye':
      return {
        payloadType: 203,
        count: Math.min(COUNT_LIMIT, packet.ssrcs.length),
        body: words(packet.ssrcs.slice(0, COUNT_LIMIT)),
      };
    case 'nack':
      return { payloadType: 205, count: 1, body: words([packet.senderSsrc, packet.mediaSsrc, ...nackWords(packet)]) };
    case 'transport-feedback':
      return { payloadType: 205, count: 15, body: writeTransportFeedback(packet) };
    case 'picture-loss':
      return { payloadType: 206, count: 1, body: words([packet.senderSsrc, packet.mediaSsrc]) };
    case 'full-intra-request': {
      const requests = packet.requests.flatMap(({ ssrc, sequence }) => [ssrc, (sequence & 0xff) * 2 ** 24]);
      return { payloadType: 206, count: 4, body: words([packet.senderSsrc, 0, ...requests]) };
    }
    case 'bitrate-estimate': {
      const ssrcs = packet.ssrcs.slice(0, 255);
      const scale = ssrcs.length * 2 ** 24 + rembScale(packet.bitsPerSecond);
      return { payloadType: 206, count: 15, body: words([packet.senderSsrc, 0, 0x52454d42, scale, ...ssrcs]) };
    }
    default:
      return assertNever(packet);
  }
}

function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, index) => writeU32(bytes, index * 4, value));
  return bytes;
}

function blockCount(reports: readonly ReportBlock[]): number {
  return Math.min(COUNT_LIMIT, reports.length);
}

function senderReportBody(report: SenderReport): Uint8Array {
  const { ssrc, ntp, rtpTimestamp, packetCount, octetCount, reports } = report;
  return reportBody([ssrc, ntp.high, ntp.low, rtpTimestamp, packetCount, octetCount], reports);
}

function reportBody(head: readonly number[], reports: readonly ReportBlock[]): Uint8Array {
  const blocks = reports.slice(0, COUNT_LIMIT);
  const body = new Uint8Array(head.length * 4 + blocks.length * 24);
  body.set(words(head));
  blocks.forEach((block, index) => {
    const at = head.length * 4 + index * 24;
    writeU32(body, at, block.ssrc);
    body[at + 4] = clamp(block.fractionLost, 0, 0xff);
    writeU24(body, at + 5, clamp(block.cumulativeLost, -0x80_0000, 0x7f_ffff));
    writeU32(body, at + 8, block.highestSequence);
    writeU32(body, at + 12, clamp(block.jitter, 0, 0xffff_ffff));
    writeU32(body, at + 16, block.lastSenderReport);
    writeU32(body, at + 20, clamp(block.delaySinceLastSenderReport, 0, 0xffff_ffff));
  });
  return body;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.round(value)));
}

/** A chunk per source: SSRC, the CNAME item, then one to four zeros up to the next word. */
function descriptionBody({ names }: SourceDescription): Uint8Array {
  const bytes: number[] = [];
  for (const { ssrc, cname } of names.slice(0, COUNT_LIMIT)) {
    const text = new TextEncoder().encode(cname).subarray(0, 255);
    bytes.push(ssrc >>> 24, (ssrc >>> 16) & 0xff, (ssrc >>> 8) & 0xff, ssrc & 0xff, 1, text.length, ...text, 0);
    while (bytes.length % 4 !== 0) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

/** A sequence number and a mask of those among the next 16; takes them in the order given. */
function nackWords({ lost }: Nack): number[] {
  const pairs: number[] = [];
  for (let index = 0; index < lost.length;) {
    const first = (lost[index++] ?? 0) & 0xffff;
    let mask = 0;
    for (; index < lost.length; index++) {
      const distance = ((lost[index] ?? 0) - first) & 0xffff;
      if (distance < 1 || distance > 16) break;
      mask |= 1 << (distance - 1);
    }
    pairs.push(first * 0x10000 + mask);
  }
  return pairs;
}

function rembScale(bitsPerSecond: number): number {
  let mantissa = Math.max(0, Math.floor(bitsPerSecond));
  let exponent = 0;
  while (mantissa > 0x3ffff && exponent < 63) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  return exponent * 0x40000 + Math.min(mantissa, 0x3ffff);
}

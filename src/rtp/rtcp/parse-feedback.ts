/** Feedback bodies, RFC 4585 §6.1: sender SSRC, media SSRC, then what the format says. */
import { readU16, readU24, readU32, readU8 } from '../packet/bytes.ts';
import type { BitrateEstimate, FullIntraRequest, Nack, RtcpPacket } from './rtcp-packet.ts';
import { parseTransportFeedback } from './transport-feedback.ts';

/** "REMB" in ASCII. */
const REMB = 0x52454d42;

/** Payload type 205. */
export function parseTransportLayerFeedback(format: number, body: Uint8Array): RtcpPacket | undefined {
  if (body.length < 8) return undefined;
  if (format === 1) return parseNack(body);
  if (format === 15) return parseTransportFeedback(body);
  return undefined;
}

/** Payload type 206. */
export function parsePayloadFeedback(format: number, body: Uint8Array): RtcpPacket | undefined {
  if (body.length < 8) return undefined;
  if (format === 1) return { type: 'picture-loss', senderSsrc: readU32(body, 0), mediaSsrc: readU32(body, 4) };
  if (format === 4) return parseFullIntraRequest(body);
  if (format === 15) return parseBitrateEstimate(body);
  return undefined;
}

/** Pairs of a sequence number and a bit mask of the 16 that follow it. */
function parseNack(body: Uint8Array): Nack {
  const lost: number[] = [];
  for (let at = 8; at + 4 <= body.length; at += 4) {
    const first = readU16(body, at);
    const mask = readU16(body, at + 2);
    lost.push(first);
    for (let bit = 0; bit < 16; bit++) if ((mask >> bit) & 1) lost.push((first + bit + 1) & 0xffff);
  }
  return { type: 'nack', senderSsrc: readU32(body, 0), mediaSsrc: readU32(body, 4), lost };
}

function parseFullIntraRequest(body: Uint8Array): FullIntraRequest {
  const requests: { ssrc: number; sequence: number }[] = [];
  for (let at = 8; at + 8 <= body.length; at += 8) {
    requests.push({ ssrc: readU32(body, at), sequence: readU8(body, at + 4) });
  }
  return { type: 'full-intra-request', senderSsrc: readU32(body, 0), requests };
}

/** 6 bits exponent, 18 bits mantissa. */
function parseBitrateEstimate(body: Uint8Array): BitrateEstimate | undefined {
  if (body.length < 16 || readU32(body, 8) !== REMB) return undefined;
  const count = readU8(body, 12);
  if (body.length < 16 + count * 4) return undefined;
  const scale = readU24(body, 13);
  const ssrcs: number[] = [];
  for (let index = 0; index < count; index++) ssrcs.push(readU32(body, 16 + index * 4));
  const bitsPerSecond = (scale & 0x3ffff) * 2 ** (scale >>> 18);
  return { type: 'bitrate-estimate', senderSsrc: readU32(body, 0), bitsPerSecond, ssrcs };
}

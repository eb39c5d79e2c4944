/** SR, RR, SDES and BYE bodies, RFC 3550 §6.4–6.6. Each gives `undefined` if the body is too short for what it says. */
import { readU24, readU32, readU8 } from '../packet/bytes.ts';
import type { Bye, ReceiverReport, ReportBlock, SenderReport, SourceDescription } from './rtcp-packet.ts';

const BLOCK = 24;
/** SDES item type of the canonical name. */
const CNAME = 1;

export function parseSenderReport(count: number, body: Uint8Array): SenderReport | undefined {
  if (body.length < 24) return undefined;
  const reports = parseBlocks(count, body, 24);
  if (!reports) return undefined;
  return {
    type: 'sender-report',
    ssrc: readU32(body, 0),
    ntp: { high: readU32(body, 4), low: readU32(body, 8) },
    rtpTimestamp: readU32(body, 12),
    packetCount: readU32(body, 16),
    octetCount: readU32(body, 20),
    reports,
  };
}

export function parseReceiverReport(count: number, body: Uint8Array): ReceiverReport | undefined {
  if (body.length < 4) return undefined;
  const reports = parseBlocks(count, body, 4);
  return reports && { type: 'receiver-report', ssrc: readU32(body, 0), reports };
}

function parseBlocks(count: number, body: Uint8Array, start: number): ReportBlock[] | undefined {
  if (body.length < start + count * BLOCK) return undefined;
  const blocks: ReportBlock[] = [];
  for (let at = start; at < start + count * BLOCK; at += BLOCK) {
    blocks.push({
      ssrc: readU32(body, at),
      fractionLost: readU8(body, at + 4),
      cumulativeLost: (readU24(body, at + 5) << 8) >> 8,
      highestSequence: readU32(body, at + 8),
      jitter: readU32(body, at + 12),
      lastSenderReport: readU32(body, at + 16),
      delaySinceLastSenderReport: readU32(body, at + 20),
    });
  }
  return blocks;
}

export function parseSourceDescription(count: number, body: Uint8Array): SourceDescription | undefined {
  const names: { ssrc: number; cname: string }[] = [];
  let at = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    if (at + 4 > body.length) return undefined;
    const ssrc = readU32(body, at);
    at += 4;
    while (at < body.length && readU8(body, at) !== 0) {
      const size = readU8(body, at + 1);
      if (at + 2 + size > body.length) return undefined;
      if (readU8(body, at) === CNAME) {
        names.push({ ssrc, cname: new TextDecoder().decode(body.subarray(at + 2, at + 2 + size)) });
      }
      at += 2 + size;
    }
    // A chunk ends with one to four zeros, up to the next word.
    at = (at + 4) & ~3;
  }
  return { type: 'source-description', names };
}

export function parseBye(count: number, body: Uint8Array): Bye | undefined {
  if (body.length < count * 4) return undefined;
  const ssrcs: number[] = [];
  for (let index = 0; index < count; index++) ssrcs.push(readU32(body, index * 4));
  return { type: 'bye', ssrcs };
}

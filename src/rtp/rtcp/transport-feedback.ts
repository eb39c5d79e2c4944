/**
 * Transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1, after the two SSRCs:
 * |     base sequence number      |      packet status count      |
 * |                 reference time                | fb pkt. count |
 * |         packet chunks (16 bits each) …  receive deltas (8 or 16 bits each, 250 µs) …
 * Status: 0 not received, 1 small delta (8 bits, unsigned), 2 large delta (16 bits, signed).
 */
import { readU16, readU24, readU32, readU8, writeU16, writeU24, writeU32 } from '../packet/bytes.ts';
import { NOT_RECEIVED, type TransportFeedback } from './rtcp-packet.ts';

/** Packets that one feedback may speak of; a 20-byte bomb could claim 65,535. Feedback each 50 ms at 40,000 packets/s. */
export const FEEDBACK_LIMIT = 2048;
/** Ticks of 250 µs in the reference time's unit of 64 ms. */
export const TICKS_PER_REFERENCE = 256;

/** Statuses that fit a chunk as a run, as one bit each, as two bits each. */
const RUN_LIMIT = 0x1fff;
const ONE_BIT_CHUNK = 14;
const TWO_BIT_CHUNK = 7;

export function parseTransportFeedback(body: Uint8Array): TransportFeedback | undefined {
  if (body.length < 16) return undefined;
  const count = readU16(body, 10);
  if (count === 0 || count > FEEDBACK_LIMIT) return undefined;
  const arrivals = new Int32Array(count);
  const deltasAt = readStatuses(body, arrivals);
  if (deltasAt === undefined || !readDeltas(body, deltasAt, arrivals)) return undefined;
  return {
    type: 'transport-feedback',
    senderSsrc: readU32(body, 0),
    mediaSsrc: readU32(body, 4),
    baseSequence: readU16(body, 8),
    referenceTime: readU24(body, 12),
    feedbackCount: readU8(body, 15),
    arrivals,
  };
}

/** Puts the status of each packet into `arrivals`; gives where the deltas begin. */
function readStatuses(body: Uint8Array, arrivals: Int32Array): number | undefined {
  let at = 16;
  for (let index = 0; index < arrivals.length; at += 2) {
    if (at + 2 > body.length) return undefined;
    const chunk = readU16(body, at);
    if (chunk >> 15 === 0) {
      const end = Math.min(arrivals.length, index + (chunk & RUN_LIMIT));
      if (end === index) return undefined;
      arrivals.fill((chunk >> 13) & 3, index, end);
      index = end;
    } else if ((chunk & 0x4000) === 0) {
      for (let bit = 13; bit >= 0 && index < arrivals.length; bit--) arrivals[index++] = (chunk >> bit) & 1;
    } else {
      for (let bit = 12; bit >= 0 && index < arrivals.length; bit -= 2) arrivals[index++] = (chunk >> bit) & 3;
    }
  }
  return at;
}

/** Turns statuses into arrivals. */
function readDeltas(body: Uint8Array, start: number, arrivals: Int32Array): boolean {
  let at = start;
  let time = 0;
  for (let index = 0; index < arrivals.length; index++) {
    const status = arrivals[index];
    const size = status === 1 ? 1 : status === 2 ? 2 : 0;
    if (at + size > body.length) return false;
    if (size === 1) time += readU8(body, at);
    if (size === 2) time += (readU16(body, at) << 16) >> 16;
    arrivals[index] = size === 0 ? NOT_RECEIVED : time;
    at += size;
  }
  return true;
}

/**
 * The body of a feedback packet, not yet padded to a word.
 * @throws TypeError if two neighbouring arrivals are over 8.19 s apart, or the first is before the reference time
 */
export function writeTransportFeedback(feedback: TransportFeedback): Uint8Array {
  const { statuses, deltas } = deltasOf(feedback.arrivals);
  const chunks = chunksOf(statuses);
  const body = new Uint8Array(16 + chunks.length * 2 + deltas.length);
  writeU32(body, 0, feedback.senderSsrc);
  writeU32(body, 4, feedback.mediaSsrc);
  writeU16(body, 8, feedback.baseSequence);
  writeU16(body, 10, statuses.length);
  writeU24(body, 12, feedback.referenceTime);
  body[15] = feedback.feedbackCount;
  chunks.forEach((chunk, index) => writeU16(body, 16 + index * 2, chunk));
  body.set(deltas, 16 + chunks.length * 2);
  return body;
}

function deltasOf(arrivals: Int32Array): { statuses: Uint8Array; deltas: number[] } {
  const statuses = new Uint8Array(arrivals.length);
  const deltas: number[] = [];
  let time = 0;
  arrivals.forEach((arrival, index) => {
    if (arrival === NOT_RECEIVED) return;
    const delta = arrival - time;
    time = arrival;
    if (delta >= 0 && delta <= 0xff) {
      statuses[index] = 1;
      deltas.push(delta);
    } else if (delta >= -0x8000 && delta <= 0x7fff) {
      statuses[index] = 2;
      deltas.push((delta >> 8) & 0xff, delta & 0xff);
    } else {
      throw new TypeError(`arrivals must be at most 32,767 ticks apart [delta:${delta}]`);
    }
  });
  return { statuses, deltas };
}

/** Packs statuses: a run where one is long enough to pay, else 14 of one bit each, else 7 of two. */
function chunksOf(statuses: Uint8Array): number[] {
  const chunks: number[] = [];
  let at = 0;
  while (at < statuses.length) {
    const status = statuses[at] ?? 0;
    let run = 1;
    while (at + run < statuses.length && run < RUN_LIMIT && statuses[at + run] === status) run++;
    const ahead = statuses.subarray(at, at + ONE_BIT_CHUNK);
    const oneBit = !ahead.includes(2);
    if (run >= (oneBit ? ONE_BIT_CHUNK : TWO_BIT_CHUNK) || at + run === statuses.length) {
      chunks.push((status << 13) | run);
      at += run;
    } else if (oneBit) {
      chunks.push(ahead.reduce((chunk, one, index) => chunk | (one << (13 - index)), 0x8000));
      at += ahead.length;
    } else {
      const pairs = ahead.subarray(0, TWO_BIT_CHUNK);
      chunks.push(pairs.reduce((chunk, pair, index) => chunk | (pair << (12 - 2 * index)), 0xc000));
      at += pairs.length;
    }
  }
  return chunks;
}

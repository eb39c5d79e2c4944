/**
 * RTP header extensions, RFC 8285. One-byte elements (profile 0xBEDE): id 4 bits, length − 1 4 bits.
 * Two-byte elements (profile 0x100X): id 8 bits, length 8 bits. Zero bytes pad.
 */
import { readU8, writeU16 } from './bytes.ts';
import type { RtpPacket } from './rtp-packet.ts';

const ONE_BYTE = 0xbede;
const TWO_BYTE = 0x1000;

/** URIs by which the extensions that Guise reads or writes are negotiated. */
export const EXTENSION_URI = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  transportSequence: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  absoluteSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  videoOrientation: 'urn:3gpp:video-orientation',
  absoluteCaptureTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  streamId: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedStreamId: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
} as const;

/** The value of extension `id` as a view into the packet; `undefined` if it is not there or malformed. */
export function readExtension(packet: RtpPacket, id: number): Uint8Array | undefined {
  const at = findExtension(packet, id);
  if (at === undefined) return undefined;
  const size = valueSize(packet, at);
  return packet.data.subarray(at, at + size);
}

/** Where the value of extension `id` begins in `packet.data`; it ends inside the extension block. */
export function findExtension(packet: RtpPacket, id: number): number | undefined {
  const { data, extensionProfile, extensionEnd } = packet;
  const oneByte = extensionProfile === ONE_BYTE;
  if (!oneByte && (extensionProfile & 0xfff0) !== TWO_BYTE) return undefined;
  let at = packet.extensionStart;
  while (at < extensionEnd) {
    const head = readU8(data, at);
    if (head === 0) {
      at++;
      continue;
    }
    const element = oneByte ? head >> 4 : head;
    // Id 15 is reserved: a reader stops there (RFC 8285 §4.2).
    if (oneByte && element === 15) return undefined;
    const value = at + (oneByte ? 1 : 2);
    const next = value + (oneByte ? (head & 0x0f) + 1 : readU8(data, at + 1));
    if (next > extensionEnd) return undefined;
    if (element === id) return value;
    at = next;
  }
  return undefined;
}

function valueSize(packet: RtpPacket, value: number): number {
  return packet.extensionProfile === ONE_BYTE
    ? (readU8(packet.data, value - 1) & 0x0f) + 1
    : readU8(packet.data, value - 1);
}

/** One extension to write: `value` is 1–16 bytes (its first bytes as they are in every packet), `id` 1–14. */
export interface ExtensionElement {
  readonly id: number;
  readonly value: Uint8Array;
}

/**
 * The extension block of a packet, profile word included, as one-byte elements, and where each value begins in it.
 * Empty if there are no elements.
 * @throws TypeError for an id or size that one-byte elements cannot carry
 */
export function layExtensions(elements: readonly ExtensionElement[]): {
  readonly block: Uint8Array;
  readonly at: ReadonlyMap<number, number>;
} {
  const places = new Map<number, number>();
  if (elements.length === 0) return { block: new Uint8Array(0), at: places };
  const bytes = elements.reduce((sum, { value }) => sum + 1 + value.length, 0);
  const words = Math.ceil(bytes / 4);
  const block = new Uint8Array(4 + words * 4);
  block.set([ONE_BYTE >> 8, ONE_BYTE & 0xff, words >> 8, words & 0xff]);
  let at = 4;
  for (const { id, value } of elements) {
    if (id < 1 || id > 14 || value.length < 1 || value.length > 16) {
      throw new TypeError(`an extension must have id 1–14 and 1–16 bytes [id:${id}, bytes:${value.length}]`);
    }
    block[at] = (id << 4) | (value.length - 1);
    block.set(value, at + 1);
    places.set(id, at + 1);
    at += 1 + value.length;
  }
  return { block, at: places };
}

/** The block with one more element behind the others: what lies between is padding, which may stand anywhere. */
export function appendExtension(block: Uint8Array, element: ExtensionElement): Uint8Array {
  const { block: added } = layExtensions([element]);
  if (block.length === 0) return added;
  const joined = new Uint8Array(block.length + added.length - 4);
  joined.set(block);
  joined.set(added.subarray(4), block.length);
  writeU16(joined, 2, joined.length / 4 - 1);
  return joined;
}

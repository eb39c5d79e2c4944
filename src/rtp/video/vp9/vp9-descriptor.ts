/**
 * The VP9 payload descriptor, RFC 9628 §4.2.
 * |I|P|L|F|B|E|V|Z|   first byte
 * |M| picture id  |   if I; 15 bits if M
 * |TID |U|SID |D|     if L; then TL0PICIDX, one byte, unless F
 * | P_DIFF    |N|     if F and P, up to three while N
 * | scalability …     if V
 */
import { readU8 } from '../../packet/bytes.ts';

export interface Vp9Descriptor {
  /** Bytes of the descriptor. */
  readonly size: number;
  /** P: the frame refers to earlier pictures. */
  readonly predicted: boolean;
  /** B and E: first and last packet of a layer's frame. */
  readonly begins: boolean;
  readonly ends: boolean;
  /** SID: 0 is the lowest spatial layer, also without layers. */
  readonly spatialLayer: number;
}

/** `undefined` if the payload ends inside the descriptor or has nothing after it. */
export function parseVp9Descriptor(payload: Uint8Array): Vp9Descriptor | undefined {
  const first = readU8(payload, 0);
  const predicted = (first & 0x40) !== 0;
  const flexible = (first & 0x10) !== 0;
  let at = 1;
  if (first & 0x80) at += readU8(payload, at) & 0x80 ? 2 : 1;
  let spatialLayer = 0;
  if (first & 0x20) {
    spatialLayer = (readU8(payload, at) >> 1) & 7;
    at += flexible ? 1 : 2;
  }
  if (flexible && predicted) {
    let more = true;
    for (let reference = 0; reference < 3 && more; reference++) more = (readU8(payload, at++) & 1) !== 0;
    if (more) return undefined;
  }
  if (first & 0x02) at = skipScalability(payload, at);
  if (at >= payload.length) return undefined;
  return { size: at, predicted, begins: (first & 0x08) !== 0, ends: (first & 0x04) !== 0, spatialLayer };
}

/** |N_S |Y|G|-|, then per layer width and height if Y, then the pictures of a group if G. */
function skipScalability(payload: Uint8Array, start: number): number {
  const head = readU8(payload, start);
  let at = start + 1;
  if (head & 0x10) at += ((head >> 5) + 1) * 4;
  if (head & 0x08) {
    const pictures = readU8(payload, at++);
    for (let picture = 0; picture < pictures && at < payload.length; picture++) {
      at += 1 + ((readU8(payload, at) >> 2) & 3);
    }
  }
  return at;
}

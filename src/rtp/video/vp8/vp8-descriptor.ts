/**
 * The VP8 payload descriptor, RFC 7741 §4.2.
 * |X|R|N|S|R| PID |   first byte; the others only if X
 * |I|L|T|K|  RSV  |
 * |M| picture id  |   if I; 15 bits if M
 * |   TL0PICIDX   |   if L
 * |TID|Y| KEYIDX  |   if T or K
 */
import { readU8 } from '../../packet/bytes.ts';

export interface Vp8Descriptor {
  /** Bytes of the descriptor. */
  readonly size: number;
  /** First packet of the frame: it begins partition 0. */
  readonly beginsFrame: boolean;
  /** No other frame refers to this one. */
  readonly unreferenced: boolean;
}

/** `undefined` if the payload ends inside the descriptor or has nothing after it. */
export function parseVp8Descriptor(payload: Uint8Array): Vp8Descriptor | undefined {
  const first = readU8(payload, 0);
  let size = 1;
  if (first & 0x80) {
    const extended = readU8(payload, 1);
    size = 2;
    if (extended & 0x80) size += readU8(payload, size) & 0x80 ? 2 : 1;
    if (extended & 0x40) size++;
    if (extended & 0x30) size++;
  }
  if (size >= payload.length) return undefined;
  return { size, beginsFrame: (first & 0x17) === 0x10, unreferenced: (first & 0x20) !== 0 };
}

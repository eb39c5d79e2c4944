/**
 * Open bitstream units, AV1 specification §5.3: |0| type (4) |extension|has size|0|, extension byte, size (leb128).
 */
import { readU8 } from '../../packet/bytes.ts';

export const OBU = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  frame: 6,
  tileList: 8,
  padding: 15,
} as const;

/** A temporal delimiter with size 0: begins each temporal unit in low-overhead format. */
export const TEMPORAL_DELIMITER = Uint8Array.of(0x12, 0x00);

export function obuType(header: number): number {
  return (header >> 3) & 0x0f;
}

/** A little-endian base-128 number (§4.10.5) and the bytes it took; `undefined` if it does not end or is over 32 bits. */
export function readLeb128(bytes: Uint8Array, start: number): { value: number; size: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    if (start + index >= bytes.length) return undefined;
    const byte = readU8(bytes, start + index);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return value < 2 ** 32 ? { value, size: index + 1 } : undefined;
  }
  return undefined;
}

export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** An OBU taken apart. */
export interface Obu {
  readonly type: number;
  /** Header byte and extension byte, as they came. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** Reads one OBU that fills `element`, with or without a size of its own. */
export function parseObu(element: Uint8Array): Obu | undefined {
  const first = readU8(element, 0);
  const headerSize = first & 0x04 ? 2 : 1;
  if (element.length < headerSize || first & 0x80) return undefined;
  const header = element.subarray(0, headerSize);
  if ((first & 0x02) === 0) return { type: obuType(first), header, payload: element.subarray(headerSize) };
  const size = readLeb128(element, headerSize);
  if (!size) return undefined;
  const start = headerSize + size.size;
  if (start + size.value > element.length) return undefined;
  return { type: obuType(first), header, payload: element.subarray(start, start + size.value) };
}

/** The OBU's pieces in low-overhead format: header with the size flag set, size, payload. */
export function sizedObu({ header, payload }: Obu): Uint8Array[] {
  const flagged = Uint8Array.from(header);
  flagged[0] = readU8(header, 0) | 0x02;
  return [flagged, leb128(payload.length), payload];
}

/** True for a frame header (or frame) that shows a new keyframe: show_existing_frame 0, frame_type 0. */
export function opensKeyframe({ type, payload }: Obu): boolean {
  return (type === OBU.frame || type === OBU.frameHeader) && readU8(payload, 0) >> 5 === 0;
}

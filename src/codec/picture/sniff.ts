import { orientationOf, UPRIGHT, type Orientation } from './exif.ts';

/** Picture formats that are read. */
export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif';

/** What a picture file says about itself before anything of it is decoded. */
export interface PictureHead {
  readonly format: PictureFormat;
  /** Pixels, as stored (before the orientation is applied); 0 if the file ends too early to say. */
  readonly width: number;
  readonly height: number;
  /** False if the file stops before its own end marker. */
  readonly complete: boolean;
  readonly orientation: Orientation;
}

/** Reads the head of a picture file by its own bytes, whatever its name; undefined if it is none that we read. */
export function sniffPicture(bytes: Uint8Array): PictureHead | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return jpegHead(bytes, view);
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return pngHead(bytes, view);
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return webpHead(bytes, view);
  if (/^GIF8[79]a$/.test(ascii(bytes, 0, 6))) return gifHead(bytes, view);
  return undefined;
}

/** ISO/IEC 10918-1 B.1: segments of FF marker, length; a start of frame (C0–CF but C4, C8, CC) has the size. */
function jpegHead(bytes: Uint8Array, view: DataView): PictureHead {
  let [width, height, orientation, at] = [0, 0, UPRIGHT, 2];
  let scans = false;
  while (at + 4 <= bytes.length && !scans) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (marker === 0xe1 && ascii(body, 0, 4) === 'Exif') orientation = orientationOf(body.subarray(6));
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker) && body.length >= 5) {
      height = view.getUint16(at + 5);
      width = view.getUint16(at + 7);
    }
    scans = marker === 0xda;
    at += 2 + length;
  }
  return { format: 'jpeg', width, height, complete: scans && hasEndOfImage(bytes, at), orientation };
}

/** FF D9 cannot occur within a scan (FF is followed by 00 there), so its first place is the end. Trailers may follow. */
function hasEndOfImage(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

/** PNG 3rd edition §5: chunks of length, type, body, CRC; IHDR first, IEND last. */
function pngHead(bytes: Uint8Array, view: DataView): PictureHead {
  const known = bytes.length >= 24;
  let [complete, orientation] = [false, UPRIGHT];
  for (let at = 8; at + 12 <= bytes.length && !complete; at += 12 + view.getUint32(at)) {
    const type = ascii(bytes, at + 4, at + 8);
    if (type === 'eXIf') orientation = orientationOf(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
    complete = type === 'IEND';
  }
  const [width, height] = known ? [view.getUint32(16), view.getUint32(20)] : [0, 0];
  return { format: 'png', width, height, complete, orientation };
}

/** RFC 9649 §2: RIFF chunks; the size is in VP8X, VP8 (RFC 6386 §9.1) or VP8L. */
function webpHead(bytes: Uint8Array, view: DataView): PictureHead {
  let [width, height, orientation] = [0, 0, UPRIGHT];
  const complete = bytes.length >= 12 && view.getUint32(4, true) + 8 <= bytes.length;
  for (const { type, at, length } of webpChunks(bytes, 12)) {
    if (type === 'EXIF') orientation = orientationOf(bytes.subarray(at, at + length));
    if (width > 0 || at + 10 > bytes.length) continue;
    if (type === 'VP8X') {
      width = 1 + (view.getUint32(at + 4, true) & 0xffffff);
      height = 1 + (view.getUint32(at + 6, true) >>> 8);
    } else if (type === 'VP8 ') {
      width = view.getUint16(at + 6, true) & 0x3fff;
      height = view.getUint16(at + 8, true) & 0x3fff;
    } else if (type === 'VP8L') {
      const packed = view.getUint32(at + 1, true);
      width = 1 + (packed & 0x3fff);
      height = 1 + ((packed >>> 14) & 0x3fff);
    }
  }
  return { format: 'webp', width, height, complete, orientation };
}

/** The chunks of a RIFF body from `from` on: type, place and length of each body. */
export function* webpChunks(bytes: Uint8Array, from: number): Generator<{ type: string; at: number; length: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    yield { type: ascii(bytes, at, at + 4), at: at + 8, length };
    at += 8 + length + (length & 1);
  }
}

/** GIF89a §18: the logical screen has the size. Only the first image counts, so a missing trailer is no fault. */
function gifHead(bytes: Uint8Array, view: DataView): PictureHead {
  const known = bytes.length >= 10;
  const [width, height] = known ? [view.getUint16(6, true), view.getUint16(8, true)] : [0, 0];
  return { format: 'gif', width, height, complete: bytes.length > 13, orientation: UPRIGHT };
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((value, index) => bytes[index] === value);
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

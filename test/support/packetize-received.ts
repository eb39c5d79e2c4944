/** RTP payloads as browsers lay them out where our own packetizers do otherwise; else by those. */
import type { VideoCodec } from '../../src/media/chunk.ts';
import { leb128, OBU, parseObu, readLeb128 } from '../../src/rtp/video/av1/av1-obu.ts';
import { createPacketizer } from '../../src/rtp/video/create-packetizer.ts';
import { joinPieces } from '../../src/rtp/video/join.ts';

/** The payloads of one chunk, none over `budget` bytes. `index` counts frames. */
export function packetizeAny(
  codec: VideoCodec,
  chunk: { readonly data: Uint8Array; readonly keyframe: boolean },
  { budget, index }: { readonly budget: number; readonly index: number },
): Uint8Array[] {
  switch (codec) {
    case 'vp8':
    case 'h264':
      return createPacketizer(codec, 'packetization-mode=1', index).packetize(chunk, budget).map(joinPieces);
    case 'vp9':
      return packetizeVp9(chunk, budget, index);
    case 'av1':
      return packetizeAv1(chunk, budget);
  }
}

/** RFC 9628, non-flexible mode with 15-bit picture ids; keyframes carry a scalability structure, as Chromium's do. */
function packetizeVp9({ data, keyframe }: { data: Uint8Array; keyframe: boolean }, budget: number, index: number) {
  const payloads: Uint8Array[] = [];
  const room = budget - 3 - 10;
  for (let at = 0; at < data.length; at += room) {
    const [begins, ends] = [at === 0, at + room >= data.length];
    const withStructure = keyframe && begins;
    const first = 0x80 | (keyframe ? 0 : 0x40) | (begins ? 8 : 0) | (ends ? 4 : 0) | (withStructure ? 2 : 0);
    // One layer, its size, and a group of one picture that refers to the one before.
    const structure = withStructure ? [0x18, 1, 64, 0, 240, 1, 0x14, 1] : [];
    const head = Uint8Array.of(first, 0x80 | ((index >> 8) & 0x7f), index & 0xff, ...structure);
    payloads.push(joinPieces([head, data.subarray(at, at + room)]));
  }
  return payloads;
}

/** Each OBU without its size; as many as fit in a packet with their lengths (W = 0), long ones in fragments. */
function packetizeAv1({ data, keyframe }: { data: Uint8Array; keyframe: boolean }, budget: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  let size = 1;
  let continues = false;
  const flush = (goesOn: boolean) => {
    const header = (continues ? 0x80 : 0) | (goesOn ? 0x40 : 0) | (keyframe && payloads.length === 0 ? 0x08 : 0);
    payloads.push(joinPieces([Uint8Array.of(header), ...pieces]));
    [pieces, size, continues] = [[], 1, goesOn];
  };
  for (const obu of splitObus(data)) {
    let rest = obu;
    while (rest.length > 0) {
      const room = budget - size - 2;
      if (room < 16) {
        flush(false);
        continue;
      }
      const part = rest.subarray(0, room);
      rest = rest.subarray(part.length);
      pieces.push(leb128(part.length), part);
      size += 2 + part.length;
      if (rest.length > 0) flush(true);
    }
  }
  if (pieces.length > 0) flush(false);
  return payloads;
}

/** The OBUs of a temporal unit in low-overhead format, each without its size field; delimiters left out. */
function splitObus(data: Uint8Array): Uint8Array[] {
  const obus: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const head = (data[at] ?? 0) & 4 ? 2 : 1;
    const size = readLeb128(data, at + head) ?? { value: 0, size: 0 };
    const end = at + head + size.size + size.value;
    const obu = parseObu(data.subarray(at, end));
    if (obu && obu.type !== OBU.temporalDelimiter) {
      const header = Uint8Array.from(obu.header);
      header[0] = (header[0] ?? 0) & ~2;
      obus.push(joinPieces([header, obu.payload]));
    }
    at = end;
  }
  return obus;
}

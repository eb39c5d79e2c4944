/** Picture files made byte by byte, of the kinds that no encoder at hand makes. */
import { deflateSync } from 'node:zlib';
import { createEncoder } from '../../src/codec/encoder.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { rgbToI420 } from '../../src/media/colour.ts';
import type { Rgb } from '../../src/media/plane.ts';

type Colour = readonly [red: number, green: number, blue: number];

/** A picture of one colour. */
export function flat(width: number, height: number, colour: Colour): Rgb {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 3) data.set(colour, at);
  return { width, height, data };
}

/** A PNG with alpha: one colour, one opacity (0–255). */
export function transparentPng(width: number, height: number, colour: Colour, alpha: number): Uint8Array {
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(width * 4, Buffer.of(...colour, alpha))]);
  return png(width, height, 6, deflateSync(Buffer.concat(Array<Buffer>(height).fill(row))));
}

/** A PNG whose head claims any size, with next to nothing behind it. */
export function pngClaiming(width: number, height: number): Uint8Array {
  return png(width, height, 2, deflateSync(Buffer.alloc(100)));
}

function png(width: number, height: number, colourType: number, data: Buffer): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  head[9] = colourType;
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type, 'latin1'), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc32(typed), 4);
    return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
  };
  const magic = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([magic, chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A 16 × 16 JPEG of four components as Adobe writes them: inverted CMYK, each 0–255 as stored. */
export function cmykJpeg(cmyk: readonly [number, number, number, number]): Uint8Array {
  const components = [1, 2, 3, 4];
  // One DC code for each size 0–11 (all four bits long), one AC code: end of block.
  const dcTable = [0, 0, 0, 0, 12, ...Array<number>(12).fill(0), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
  const acTable = [0x10, 1, ...Array<number>(15).fill(0), 0];
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  const previous = [0, 0, 0, 0];
  for (let block = 0; block < 4; block++) {
    cmyk.forEach((level, component) => {
      const dc = (level - 128) * 8; // the quantiser is 1
      const difference = dc - previous[component]!;
      previous[component] = dc;
      const size = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference));
      put(size, 4);
      put(difference < 0 ? difference + (1 << size) - 1 : difference, size);
      put(0, 1);
    });
  }
  while (bits.length % 8) bits.push(1);
  const scan = Array.from({ length: bits.length / 8 }, (_, at) => parseInt(bits.slice(at * 8, at * 8 + 8).join(''), 2));
  const segment = (marker: number, ...body: number[]) => [0xff, marker, 0, body.length + 2, ...body];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...segment(0xee, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 0),
    ...segment(0xdb, 0, ...Array<number>(64).fill(1)),
    ...segment(0xc0, 8, 0, 16, 0, 16, 4, ...components.flatMap((id) => [id, 0x11, 0])),
    ...segment(0xc4, ...dcTable),
    ...segment(0xc4, ...acTable),
    ...segment(0xda, 4, ...components.flatMap((id) => [id, 0]), 0, 63, 0),
    ...scan.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])),
    ...[0xff, 0xd9],
  ]);
}

/** The same JPEG with an EXIF orientation (1–8). */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const body = [...Buffer.from('Exif\0\0'), ...tiff];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, body.length + 2, ...body, ...jpeg.subarray(2)]);
}

/** A GIF of 4 × 4 pixels with one frame of each colour. */
export function animatedGif(colours: readonly Colour[]): Uint8Array {
  const table = [...colours, ...Array<Colour>(4 - colours.length).fill([0, 0, 0])].flat();
  const frames = colours.flatMap((_, index) => {
    // Codes of three bits: clear (4) before every second pixel, so that they never grow; end (5).
    const codes = [...Array<number[]>(8).fill([4, index, index]).flat(), 5];
    const packed = new Uint8Array(Math.ceil((codes.length * 3) / 8));
    codes.forEach((code, at) => {
      for (let bit = 0; bit < 3; bit++) packed[(at * 3 + bit) >> 3]! |= ((code >> bit) & 1) << ((at * 3 + bit) & 7);
    });
    const control = [0x21, 0xf9, 4, 0, 10, 0, 0, 0];
    return [...control, 0x2c, 0, 0, 0, 0, 4, 0, 4, 0, 0, 2, packed.length, ...packed, 0];
  });
  return Uint8Array.from([...Buffer.from('GIF89a'), 4, 0, 4, 0, 0x81, 0, 0, ...table, ...frames, 0x3b]);
}

/** A WebP of several frames, each of one colour. */
export function animatedWebp(width: number, height: number, colours: readonly Colour[]): Uint8Array {
  const size = (value: number) => [value & 255, (value >> 8) & 255, value >> 16];
  const canvas = [...size(width - 1), ...size(height - 1)];
  const frames = colours.map((colour) => {
    const picture = riffChunk('VP8 ', vp8Keyframe(flat(width, height, colour)));
    return riffChunk('ANMF', Uint8Array.from([0, 0, 0, 0, 0, 0, ...canvas, 100, 0, 0, 0, ...picture]));
  });
  const parts = [
    riffChunk('VP8X', Uint8Array.from([2, 0, 0, 0, ...canvas])),
    riffChunk('ANIM', new Uint8Array(6)),
    ...frames,
  ];
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...parts]));
}

function riffChunk(type: string, body: Uint8Array): Uint8Array {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
}

function vp8Keyframe(picture: Rgb): Uint8Array {
  const encoder = createEncoder('vp8', { bitrate: 1_000_000 });
  const work = new WorkPicture();
  work.load(rgbToI420(picture));
  const { data } = encoder.encode(work, { keyframe: true, timestamp: 0 });
  encoder.close();
  work.close();
  return data;
}

import { AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUVJ420P, type AVPixelFormat } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational } from 'node-av/lib';
import { afterEach, describe, expect, it } from 'vitest';
import { encodedClip } from '../../test/support/encoded-clip.ts';
import { movingPicture, psnr } from '../../test/support/moving-picture.ts';
import type { Chunk, VideoCodec } from '../media/chunk.ts';
import type { Decoder } from './codec.ts';
import { createDecoder } from './decoder.ts';
import { WorkPicture } from './work-picture.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

function open(codec: VideoCodec, maximumSide?: number): Decoder {
  const decoder = createDecoder(codec, maximumSide ? { maximumSide } : {});
  opened.push(decoder);
  return decoder;
}

function workPicture(): WorkPicture {
  const work = new WorkPicture();
  opened.push(work);
  return work;
}

const small = (frames: number, keyframes: number[] = []) => ({ width: 320, height: 240, frames, keyframes });

describe.each<VideoCodec>(['vp8', 'h264', 'vp9', 'av1'])('the %s decoder', (codec) => {
  it('gives each picture at once and in order, close to what was encoded', () => {
    const decoder = open(codec);
    const work = workPicture();
    encodedClip(codec, [small(12)]).forEach((chunk, index) => {
      expect(decoder.decode(chunk)).toEqual({ kind: 'picture', width: 320, height: 240 });
      expect(decoder.copyTo(work)).toBe(true);
      const own = psnr(work.picture, movingPicture(320, 240, index));
      expect(own).toBeGreaterThan(28);
      expect(own).toBeGreaterThan(psnr(work.picture, movingPicture(320, 240, index + 3)));
    });
  });

  it('follows a size that changes from 480 to 720 lines and back', () => {
    const decoder = open(codec);
    const work = workPicture();
    const [vga, hd] = [
      { width: 640, height: 480, frames: 2 },
      { width: 1280, height: 720, frames: 2 },
    ];
    const sizes = encodedClip(codec, [vga, hd, vga]).map((chunk) => {
      expect(decoder.decode(chunk).kind).toBe('picture');
      decoder.copyTo(work);
      return work.picture.width;
    });
    expect(sizes).toEqual([640, 640, 1280, 1280, 640, 640]);
  });

  it('calls a start without keyframe broken, and starts at the keyframe', () => {
    const decoder = open(codec);
    const chunks = encodedClip(codec, [small(8, [5])]);
    const kinds = chunks.slice(2).map((chunk) => decoder.decode(chunk).kind);
    expect(kinds).toEqual(['broken', 'broken', 'broken', 'picture', 'picture', 'picture']);
  });

  it('has no picture to copy before the first, and keeps the newest after damage', () => {
    const decoder = open(codec);
    const work = workPicture();
    expect(decoder.copyTo(work)).toBe(false);
    const [key] = encodedClip(codec, [small(1)]);
    decoder.decode(key!);
    expect(decoder.decode({ ...key!, data: new Uint8Array(0) }).kind).toBe('broken');
    expect(decoder.copyTo(work)).toBe(true);
    expect(psnr(work.picture, movingPicture(320, 240, 0))).toBeGreaterThan(28);
  });

  it('survives garbage, and decodes the next keyframe', () => {
    const decoder = open(codec);
    const [key, delta] = encodedClip(codec, [small(2)]) as [Chunk, Chunk];
    for (let round = 0; round < 40; round++) {
      const noise = Uint8Array.from({ length: 30 + round * 17 }, (_, at) => (at * 31 + round * 97) ^ (at >> 3));
      expect(decoder.decode({ ...key, data: noise }).kind).not.toBe('picture');
      expect(decoder.decode(delta).kind).not.toBe('picture');
    }
    expect(decoder.decode(key).kind).toBe('picture');
    expect(decoder.decode(delta).kind).toBe('picture');
  });

  it('survives chunks cut off anywhere, and decodes the next keyframe', () => {
    const decoder = open(codec);
    const [key, delta] = encodedClip(codec, [small(2)]) as [Chunk, Chunk];
    for (let part = 1; part < 8; part++) {
      decoder.decode({ ...key, data: key.data.subarray(0, (key.data.length * part) >> 3) });
      decoder.decode({ ...delta, data: delta.data.subarray(0, (delta.data.length * part) >> 3) });
    }
    expect(decoder.decode(key).kind).toBe('picture');
    expect(decoder.decode(delta).kind).toBe('picture');
  });

  it('says so when a picture is larger than allowed, and takes a smaller one after it', () => {
    const decoder = open(codec, 400);
    const [large, fitting] = encodedClip(codec, [{ width: 640, height: 480, frames: 1 }, small(1)]) as [Chunk, Chunk];
    expect(decoder.decode(large)).toEqual({ kind: 'too-large', width: 640, height: 480 });
    expect(decoder.copyTo(workPicture())).toBe(false);
    expect(decoder.decode(fitting).kind).toBe('picture');
  });

  it('can be closed twice, and refuses chunks after that', () => {
    const decoder = open(codec);
    const [key] = encodedClip(codec, [small(1)]);
    decoder.decode(key!);
    decoder.close();
    decoder.close();
    expect(() => decoder.decode(key!)).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(decoder.copyTo(workPicture())).toBe(false);
  });
});

it('decodes an odd size exactly', () => {
  const decoder = open('vp8');
  const work = workPicture();
  const [key] = encodedClip('vp8', [{ width: 321, height: 239, frames: 1 }]);
  expect(decoder.decode(key!)).toEqual({ kind: 'picture', width: 321, height: 239 });
  decoder.copyTo(work);
  expect(psnr(work.picture, movingPicture(321, 239, 0))).toBeGreaterThan(28);
});

it('brings full-range pictures into limited range', () => {
  const data = encodeFlat('libx264', AV_PIX_FMT_YUVJ420P, [255, 128, 128]);
  const decoder = open('h264');
  const work = workPicture();
  decoder.decode({ codec: 'h264', data, timestamp: 0, keyframe: true, decodable: 0, referenced: true });
  decoder.copyTo(work);
  expect(Math.abs(work.picture.y[100]! - 235)).toBeLessThan(3);
});

it.each([
  ['h264', 'libx264'],
  ['vp9', 'libvpx-vp9'],
] as const)('refuses 4:4:4 in %s with a reason', (codec, encoder) => {
  const data = encodeFlat(encoder, AV_PIX_FMT_YUV444P, [100, 128, 128]);
  const outcome = open(codec).decode({ codec, data, timestamp: 0, keyframe: true, decodable: 0, referenced: true });
  expect(outcome).toEqual({ kind: 'broken', reason: expect.stringContaining('4:2:0') as string });
});

/** One keyframe of one colour. */
function encodeFlat(name: string, format: AVPixelFormat, yuv: readonly [number, number, number]): Uint8Array {
  const found = Codec.findEncoderByName(name as never)!;
  const context = new CodecContext();
  context.allocContext3(found);
  context.width = 64;
  context.height = 64;
  context.pixelFormat = format;
  context.maxBFrames = 0; // as in a call: nothing to reorder
  context.timeBase = new Rational(1, 30);
  expect(context.open2Sync(found, null)).toBe(0);
  const frame = new Frame();
  frame.alloc();
  frame.width = 64;
  frame.height = 64;
  frame.format = format;
  frame.getBuffer();
  frame.pts = 0n;
  yuv.forEach((value, plane) => frame.data![plane]!.fill(value));
  context.sendFrameSync(frame);
  context.sendFrameSync(null);
  const packet = new Packet();
  packet.alloc();
  expect(context.receivePacketSync(packet)).toBe(0);
  const data = new Uint8Array(packet.data!);
  packet.free();
  frame.free();
  context.freeContext();
  return data;
}

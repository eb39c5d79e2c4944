import { afterEach, describe, expect, it } from 'vitest';
import { movingPicture, psnr } from '../../test/support/moving-picture.ts';
import { hideAll } from '../media/hide.ts';
import { SEND_CODECS } from '../media/chunk.ts';
import type { EncodedChunk, Encoder, EncoderSettings, SendCodec } from './codec.ts';
import { createDecoder } from './decoder.ts';
import { createEncoder } from './encoder.ts';
import { nativeHeld } from './native-held.ts';
import { WorkPicture } from './work-picture.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

function open(codec: SendCodec, settings: EncoderSettings = { bitrate: 1_000_000 }): Encoder {
  const encoder = createEncoder(codec, settings);
  opened.push(encoder);
  return encoder;
}

interface Run {
  readonly width?: number;
  readonly height?: number;
  readonly frames: number;
  readonly from?: number;
  readonly keyframes?: readonly number[];
  /** Ticks between frames. */
  readonly interval?: number;
}

function encode(encoder: Encoder, run: Run): EncodedChunk[] {
  const { width = 320, height = 240, frames, from = 0, keyframes = [], interval = 3000 } = run;
  const work = new WorkPicture();
  const chunks: EncodedChunk[] = [];
  for (let index = from; index < from + frames; index++) {
    work.load(movingPicture(width, height, index));
    chunks.push(encoder.encode(work, { keyframe: keyframes.includes(index), timestamp: index * interval }));
  }
  work.close();
  return chunks;
}

const bits = (chunks: EncodedChunk[]) => 8 * chunks.reduce((sum, chunk) => sum + chunk.data.byteLength, 0);

describe.each<SendCodec>(SEND_CODECS)('the %s encoder', (codec) => {
  it('gives one chunk a picture at once, the first a keyframe, decodable and close to the picture', () => {
    const chunks = encode(open(codec), { frames: 10 });
    expect(chunks.map((chunk) => chunk.keyframe)).toEqual([true, ...Array<boolean>(9).fill(false)]);
    expect(chunks.map((chunk) => chunk.timestamp)).toEqual(chunks.map((_, index) => index * 3000));
    const decoder = createDecoder(codec);
    const work = new WorkPicture();
    opened.push(decoder, work);
    chunks.forEach((chunk, index) => {
      expect(decoder.decode({ ...chunk, decodable: 0, referenced: true }).kind).toBe('picture');
      decoder.copyTo(work);
      expect(psnr(work.picture, movingPicture(320, 240, index))).toBeGreaterThan(30);
    });
  });

  it('gives bytes that are alone in their buffer, so that they can be transferred', () => {
    for (const { data } of encode(open(codec), { frames: 3 })) {
      expect(data.byteOffset).toBe(0);
      expect(data.buffer.byteLength).toBe(data.byteLength);
      expect(structuredClone(data, { transfer: [data.buffer as ArrayBuffer] }).byteLength).toBeGreaterThan(0);
    }
  });

  it('leaves the picture as it was, and free to be changed', () => {
    const encoder = open(codec);
    const work = new WorkPicture();
    opened.push(work);
    for (let index = 0; index < 5; index++) {
      work.load(movingPicture(322, 242, index));
      encoder.encode(work, { keyframe: false, timestamp: index * 3000 });
      expect(psnr(work.picture, movingPicture(322, 242, index))).toBeGreaterThan(90);
      expect(work.native.isWritable).toBe(true);
    }
  });

  it('encodes aside what it would encode here, byte for byte', async () => {
    const [here, aside] = [open(codec), open(codec)];
    const [mine, theirs] = [new WorkPicture(), new WorkPicture()];
    opened.push(mine, theirs);
    for (let index = 0; index < 12; index++) {
      const options = { keyframe: index === 5, timestamp: index * 3000 };
      mine.load(movingPicture(320, 240, index));
      theirs.load(movingPicture(320, 240, index));
      expect(await aside.encodeAside(theirs, options)).toEqual(here.encode(mine, options));
      // Told while another thread is in the codec, it holds from the next picture on.
      if (index === 7) for (const encoder of [here, aside]) encoder.setBitrate(300_000);
    }
  });

  it('takes a new rate and its own end while another thread encodes', async () => {
    const held = nativeHeld();
    const encoder = createEncoder(codec, { bitrate: 1_000_000 });
    const work = new WorkPicture();
    opened.push(work);
    work.load(movingPicture(640, 480, 0));
    const first = encoder.encodeAside(work, { keyframe: false, timestamp: 0 });
    encoder.setBitrate(400_000);
    await expect(encoder.encodeAside(work, { keyframe: false, timestamp: 0 })).rejects.toThrow('one picture at a time');
    expect((await first).keyframe).toBe(true);
    const second = encoder.encodeAside(work, { keyframe: false, timestamp: 3000 });
    encoder.close();
    await expect(second).rejects.toThrow(expect.objectContaining({ code: 'closed' }));
    work.close();
    expect(nativeHeld()).toEqual(held);
  });

  it('makes a keyframe where it is asked for, and nowhere else', () => {
    const chunks = encode(open(codec), { frames: 40, keyframes: [7, 8, 30] });
    const at = chunks.flatMap((chunk, index) => (chunk.keyframe ? [index] : []));
    expect(at).toEqual([0, 7, 8, 30]);
  });

  it('keeps the bit rate within 15 % over two seconds, also after it changes, without a keyframe', () => {
    const encoder = open(codec, { bitrate: 1_500_000 });
    const size = { width: 640, height: 480, frames: 60 };
    encode(encoder, size);
    [1_500_000, 600_000, 2_000_000].forEach((bitrate, step) => {
      encoder.setBitrate(bitrate);
      // Half a second to get there, two to measure.
      encode(encoder, { ...size, frames: 15, from: 60 + step * 75 });
      const chunks = encode(encoder, { ...size, from: 75 + step * 75 });
      expect(chunks.some((chunk) => chunk.keyframe)).toBe(false);
      expect(bits(chunks) / 2 / bitrate).toBeGreaterThan(0.85);
      expect(bits(chunks) / 2 / bitrate).toBeLessThan(1.15);
    });
  });

  it('gives each frame more where fewer come', () => {
    const encoder = open(codec, { bitrate: 800_000 });
    const at15 = { width: 640, height: 480, interval: 6000 };
    encode(encoder, { ...at15, frames: 60 });
    const chunks = encode(encoder, { ...at15, frames: 30, from: 60 });
    expect(bits(chunks) / 2 / 800_000).toBeGreaterThan(0.85);
    expect(bits(chunks) / 2 / 800_000).toBeLessThan(1.15);
  });

  it('keeps its rate where it is told that twice as many frames come from here on', () => {
    const encoder = open(codec, { bitrate: 400_000, frameRate: 15 });
    const work = new WorkPicture();
    opened.push(work);
    const run = (from: number, frames: number, interval: number, start: number, frameRate?: number) =>
      Array.from({ length: frames }, (_, index) => {
        work.load(movingPicture(640, 480, from + index));
        const timestamp = start + index * interval;
        const told = index === 0 && frameRate !== undefined ? { frameRate } : {};
        return encoder.encode(work, { keyframe: false, timestamp, ...told });
      });
    run(0, 60, 6000, 0);
    expect(bits(run(60, 30, 3000, 360_000, 30)) / 400_000).toBeLessThan(1.3);
  });

  it('bounds a keyframe to what a quarter of a second may carry', () => {
    const encoder = open(codec, { bitrate: 1_500_000 });
    const chunks = encode(encoder, { width: 640, height: 480, frames: 40, keyframes: [20, 35] });
    for (const chunk of chunks.filter((each) => each.keyframe)) {
      expect(chunk.data.byteLength * 8).toBeLessThan(1_500_000 / 4);
    }
  });

  it('bounds the first picture of a new scene too, with a keyframe where that is what it takes', () => {
    const encoder = open(codec, { bitrate: 1_500_000 });
    const work = new WorkPicture();
    opened.push(work);
    const sizes = Array.from({ length: 32 }, (_, index) => {
      work.load(movingPicture(640, 480, index));
      if (index < 30) hideAll(work.picture);
      return encoder.encode(work, { keyframe: false, timestamp: index * 3000 }).data.byteLength * 8;
    });
    expect(sizes[30]).toBeLessThan(1_500_000 / 4);
    expect(sizes[31]).toBeLessThan(1_500_000 / 8);
  });

  it('reopens when the size changes, starting with a keyframe', () => {
    const encoder = open(codec);
    const decoder = createDecoder(codec);
    opened.push(decoder);
    const sizes = [
      [640, 480],
      [1280, 720],
      [640, 480],
    ] as const;
    for (const [width, height] of sizes) {
      const chunks = encode(encoder, { width, height, frames: 3 });
      expect(chunks.map((chunk) => chunk.keyframe)).toEqual([true, false, false]);
      for (const chunk of chunks) {
        const decoded = decoder.decode({ ...chunk, decodable: 0, referenced: true });
        expect(decoded).toEqual({ kind: 'picture', width, height });
      }
    }
  });

  it('can be closed twice, also before its first picture, and refuses pictures after that', () => {
    const encoder = open(codec);
    encoder.close();
    encoder.close();
    expect(() => encode(encoder, { frames: 1 })).toThrow(expect.objectContaining({ code: 'closed' }));
  });

  it('names a setting that is out of range', () => {
    expect(() => open(codec, { bitrate: 0 })).toThrow(/bitrate/);
    expect(() => open(codec, { bitrate: 1e6, frameRate: 0 })).toThrow(/frameRate/);
    expect(() => open(codec).setBitrate(Number.NaN)).toThrow(/bitrate/);
  });
});

it('starts each H.264 keyframe with its parameter sets', () => {
  const chunks = encode(open('h264'), { frames: 6, keyframes: [4] });
  const types = (data: Uint8Array) =>
    [...data].flatMap((byte, at) =>
      byte === 1 && data[at - 1] === 0 && data[at - 2] === 0 ? [data[at + 1]! & 31] : [],
    );
  for (const chunk of chunks.filter((each) => each.keyframe)) {
    expect(types(chunk.data).slice(0, 2)).toEqual([7, 8]);
  }
});

/**
 * NVENC and NVDEC where there is a device: that they do what software does, and how long they take. Elsewhere it skips
 * itself and says why. `npx vitest run test/gpu/codec.test.ts`; the times are in the annotations and on stdout.
 */
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createDecoder } from '../../src/codec/decoder.ts';
import { createEncoder } from '../../src/codec/encoder.ts';
import { openDevice } from '../../src/codec/hardware.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import type { Chunk, VideoCodec } from '../../src/media/chunk.ts';
import { encodedClip } from '../support/encoded-clip.ts';
import { movingPicture, psnr } from '../support/moving-picture.ts';

const SIZE = { width: 1280, height: 720 };
const NO_DECODER = whyNot('libnvcuvid.so.1');
const NO_ENCODER = whyNot('libnvidia-encode.so.1');
for (const why of new Set([NO_DECODER, NO_ENCODER].filter(Boolean))) console.log(`skipped: ${why}`);

/** Why nothing can be asked of a device by this library of its driver; empty: it can. Containers often have but that for computing. */
function whyNot(library: string): string {
  try {
    // Found, it only turns out to be no module of Node's.
    process.dlopen({ exports: {} }, library);
  } catch (error) {
    if (String(error).includes('cannot open shared object')) return `the driver's ${library} is not there`;
  }
  const device = openDevice('nvidia');
  return typeof device === 'string' ? device : '';
}

const times: Record<string, { p50: number; p99: number }> = {};
afterAll(() => {
  if (Object.keys(times).length > 0) console.log(JSON.stringify({ codecMs: times }));
});

function record(name: string, durations: number[]): string {
  const sorted = durations.slice(5).sort((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 100) / 100;
  times[name] = { p50: at(0.5), p99: at(0.99) };
  return `${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

/** Milliseconds that `action` takes. */
function timed(action: () => void): number {
  const started = performance.now();
  action();
  return performance.now() - started;
}

function decodeAll(codec: VideoCodec, clip: readonly Chunk[], hardware?: 'nvidia') {
  const fallbacks: string[] = [];
  const decoder = createDecoder(codec, {
    ...(hardware && { hardware }),
    onFallback: (reason) => fallbacks.push(reason),
  });
  const work = new WorkPicture();
  const pictures: number[] = [];
  const durations = clip.map((chunk, index) => {
    const duration = timed(() => {
      expect(decoder.decode(chunk)).toEqual({ kind: 'picture', ...SIZE });
      decoder.copyTo(work);
    });
    if (index % 10 === 0) pictures.push(psnr(work.picture, movingPicture(SIZE.width, SIZE.height, index)));
    return duration;
  });
  decoder.close();
  work.close();
  return { fallbacks, pictures, durations };
}

describe.skipIf(NO_DECODER)('NVDEC', () => {
  it.for<VideoCodec>(['vp8', 'h264', 'vp9', 'av1'])('decodes %s as software does, without delay', (codec, { skip }) => {
    const clip = encodedClip(codec, [{ ...SIZE, frames: 60, keyframes: [30] }]);
    const software = decodeAll(codec, clip);
    const onDevice = decodeAll(codec, clip, 'nvidia');
    // Those before Ampere have no decoder for it.
    if (codec === 'av1') skip(onDevice.fallbacks.length > 0, onDevice.fallbacks[0]);
    expect(onDevice.fallbacks).toEqual([]);
    onDevice.pictures.forEach((own, index) => expect(own).toBeCloseTo(software.pictures[index]!, 1));
    console.log(record(`${codec} decode, software`, software.durations));
    console.log(record(`${codec} decode, device`, onDevice.durations));
  });

  it('follows a change of size, and calls damage broken', () => {
    const part = (width: number, height: number) => ({ width, height, frames: 3 });
    const clip = encodedClip('h264', [part(640, 480), part(1280, 720), part(640, 480)]);
    const decoder = createDecoder('h264', { hardware: 'nvidia' });
    const work = new WorkPicture();
    const widths = clip.map((chunk) => {
      decoder.decode(chunk);
      decoder.copyTo(work);
      return work.picture.width;
    });
    expect(widths).toEqual([640, 640, 640, 1280, 1280, 1280, 640, 640, 640]);
    decoder.close();
    work.close();
  });
});

describe.skipIf(NO_ENCODER)('NVENC', () => {
  it('sends H.264 that follows its rate without a keyframe and gives each picture at once', ({ skip }) => {
    const fallbacks: string[] = [];
    const settings = { hardware: 'nvidia', onFallback: (reason: string) => fallbacks.push(reason) } as const;
    const encoder = createEncoder('h264', { bitrate: 2_000_000, ...settings });
    const work = new WorkPicture();
    onTestFinished(() => {
      encoder.close();
      work.close();
    });
    const durations: number[] = [];
    let index = 0;
    const seconds = (count: number) => {
      let bits = 0;
      let keyframes = 0;
      for (let frame = 0; frame < count * 30; frame++, index++) {
        work.load(movingPicture(SIZE.width, SIZE.height, index));
        durations.push(
          timed(() => {
            const chunk = encoder.encode(work, { keyframe: index === 45, timestamp: index * 3000 });
            bits += chunk.data.byteLength * 8;
            if (chunk.keyframe) keyframes++;
            if (index === 45) expect(chunk.keyframe).toBe(true);
          }),
        );
      }
      return { rate: bits / count, keyframes };
    };
    seconds(2);
    // Data-centre GPUs such as the H100 have no encoder at all.
    skip(fallbacks.length > 0, fallbacks[0]);
    for (const target of [2_000_000, 500_000, 3_000_000, 1_000_000]) {
      encoder.setBitrate(target);
      seconds(2);
      const { rate, keyframes } = seconds(2);
      expect(keyframes).toBe(0);
      expect(rate / target).toBeGreaterThan(0.9);
      expect(rate / target).toBeLessThan(1.1);
    }
    console.log(record('h264 encode, device', durations));
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { encodedClip } from '../../test/support/encoded-clip.ts';
import { movingPicture, psnr } from '../../test/support/moving-picture.ts';
import type { VideoCodec } from '../media/chunk.ts';
import { createDecoder } from './decoder.ts';
import { createEncoder } from './encoder.ts';
import { HARDWARE, openDevice } from './hardware.ts';
import { WorkPicture } from './work-picture.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

/** What is asked here is what happens where there is no device; test/gpu has the rest. */
const ABSENT = HARDWARE.filter((hardware) => typeof openDevice(hardware) === 'string');

describe.skipIf(ABSENT.length === 0).each(ABSENT)('where there is no %s device', (hardware) => {
  it.each<VideoCodec>(['vp8', 'h264', 'vp9', 'av1'])('software decodes %s, and the reason is told once', (codec) => {
    const reasons: string[] = [];
    const decoder = createDecoder(codec, { hardware, onFallback: (reason) => reasons.push(reason) });
    const work = new WorkPicture();
    opened.push(decoder, work);
    encodedClip(codec, [{ width: 320, height: 240, frames: 4 }]).forEach((chunk, index) => {
      expect(decoder.decode(chunk).kind).toBe('picture');
      decoder.copyTo(work);
      expect(psnr(work.picture, movingPicture(320, 240, index))).toBeGreaterThan(28);
    });
    expect(reasons).toEqual([expect.stringContaining(`no ${hardware} device`)]);
  });
});

describe.skipIf(!ABSENT.includes('nvidia'))('where NVENC does not open', () => {
  it('software encodes from the first picture on, and the reason is told once', () => {
    const reasons: string[] = [];
    const settings = {
      bitrate: 1_000_000,
      hardware: 'nvidia',
      onFallback: (reason: string) => reasons.push(reason),
    } as const;
    const encoder = createEncoder('h264', settings);
    const decoder = createDecoder('h264');
    const work = new WorkPicture();
    opened.push(encoder, decoder, work);
    const keyframes = Array.from({ length: 5 }, (_, index) => {
      work.load(movingPicture(320, 240, index));
      const chunk = encoder.encode(work, { keyframe: false, timestamp: index * 3000 });
      expect(decoder.decode({ ...chunk, decodable: 0, referenced: true }).kind).toBe('picture');
      return chunk.keyframe;
    });
    expect(keyframes).toEqual([true, false, false, false, false]);
    expect(reasons).toEqual([expect.stringContaining('h264_nvenc')]);
  });
});

it('leaves to software what a device cannot send at a changing rate', () => {
  const reasons: string[] = [];
  const encoder = createEncoder('vp8', {
    bitrate: 1_000_000,
    hardware: 'vaapi',
    onFallback: (reason) => reasons.push(reason),
  });
  const work = new WorkPicture();
  opened.push(encoder, work);
  work.load(movingPicture(320, 240, 0));
  expect(encoder.encode(work, { keyframe: false, timestamp: 0 }).keyframe).toBe(true);
  expect(reasons).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/codec/decoder.ts';
import { SEND_CODECS, type SendCodec } from '../../src/media/chunk.ts';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { encodedClip, sceneOf, usualBitrate, y4mClip } from './clip.ts';
import { psnr } from './psnr.ts';
import { beepWav } from './wav.ts';

describe('clips', () => {
  it.each<SendCodec>(SEND_CODECS)('in %s begin with their one keyframe and decode to what was drawn', async (codec) => {
    const settings = { script: 'talk', width: 320, height: 240, frameRate: 5 } as const;

    const clip = await encodedClip(settings, codec);

    expect(clip.chunks.map(({ keyframe }) => keyframe)).toEqual(clip.chunks.map((_, index) => index === 0));
    const decoder = createDecoder(codec);
    const work = new WorkPicture();
    const scene = sceneOf(settings);
    for (const [index, { data, keyframe }] of clip.chunks.entries()) {
      const drawn = scene.draw(index).picture;
      const decoded = decoder.decode({ codec, data, keyframe, timestamp: index, decodable: 0, referenced: true });
      if (decoded.kind !== 'picture') throw new Error(`chunk ${index} must decode`);
      decoder.copyTo(work);
      expect(psnr(work.picture, drawn)).toBeGreaterThan(28);
    }
    decoder.close();
    work.close();
  });

  it('have the bit rates of a call', () => {
    expect(usualBitrate(1280, 720)).toBe(2_000_000);
    expect(usualBitrate(640, 480)).toBeCloseTo(1_000_000, -4);
  });

  it('become files that Chromium takes for camera and microphone', async () => {
    const video = readFileSync(await y4mClip({ script: 'flash', width: 64, height: 48, frameRate: 2 }));
    const sound = readFileSync(await beepWav(2));

    expect(video.subarray(0, 32).toString()).toContain('YUV4MPEG2 W64 H48 F2:1');
    expect(video.length).toBe(video.indexOf('\n') + 1 + 20 * (6 + 64 * 48 * 1.5));
    expect(sound.length).toBe(44 + 2 * 48_000 * 2);
  });
});

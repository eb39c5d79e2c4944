import { describe, expect, it } from 'vitest';
import { encodedClip } from '../../media/clip.ts';
import { cut, join } from './payload.ts';

describe('cutting and joining access units', () => {
  it.each(['vp8', 'h264', 'vp9'] as const)('gives the same %s bytes back', async (codec) => {
    const clip = await encodedClip({ script: 'talk', width: 320, height: 240, frameRate: 5 }, codec);

    for (const [index, { data, keyframe }] of clip.chunks.entries()) {
      const joined = join(codec, cut(codec, { data, keyframe }, index));

      expect(joined?.keyframe).toBe(keyframe);
      if (codec !== 'h264') expect(Buffer.from(joined!.data).equals(data)).toBe(true);
      else expect(joined!.data.length).toBeGreaterThanOrEqual(data.length - 4);
    }
  });
});

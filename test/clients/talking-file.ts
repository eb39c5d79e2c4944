import { readFileSync } from 'node:fs';
import type { I420 } from '../../src/media/plane.ts';
import { stampedCamera } from '../browser/studio/stamp.ts';
import { cached } from '../media/cache.ts';
import { sceneOf, type ClipSettings } from '../media/clip.ts';
import { y4mHeader } from '../media/y4m.ts';
import { makeVideoFile } from '../support/video-file.ts';

/** A keyframe every two seconds: who streams a file does not make one when it is asked. */
const FORMATS = {
  mkv: {
    container: 'matroska',
    encoder: 'libx264',
    options: { profile: 'baseline', preset: 'veryfast', tune: 'zerolatency', g: '60' },
  },
  webm: {
    container: 'webm',
    encoder: 'libvpx',
    options: { deadline: 'realtime', 'cpu-used': '6', 'lag-in-frames': '0', g: '60' },
  },
} as const;

/**
 * The clip with its frames numbered, and a tone as Opus: `mkv` with H.264, which FFmpeg can send by WHIP as it is, `webm`
 * with VP8, which every browser plays.
 */
export async function talkingFile(settings: ClipSettings, ending: keyof typeof FORMATS): Promise<string> {
  const { script, width, height } = settings;
  const { container, encoder, options } = FORMATS[ending];
  return await cached(`talking-${script}-${width}x${height}.${ending}`, [settings, FORMATS], async (path) => {
    const { frames, frameRate } = sceneOf(settings);
    const draw = framesOf(readFileSync(await stampedCamera(settings)), { ...settings, frameRate });
    const times = Array.from({ length: frames }, (_, index) => (index * 1000) / frameRate);
    makeVideoFile({
      path,
      container,
      video: { width, height, times, draw, bitrate: 1_000_000, encoder, options },
      audio: { seconds: frames / frameRate, encoder: 'libopus' },
    });
  });
}

/** The frames of a y4m file of even sides. */
function framesOf(
  y4m: Uint8Array,
  { width, height, frameRate }: { readonly width: number; readonly height: number; readonly frameRate: number },
): (index: number) => I420 {
  const [first, mark, quarter] = [y4mHeader(width, height, frameRate).length, 'FRAME\n'.length, (width * height) / 4];
  return (index) => {
    const at = first + index * (mark + 6 * quarter) + mark;
    const plane = (from: number, to: number): Uint8Array => y4m.subarray(at + from * quarter, at + to * quarter);
    return { width, height, y: plane(0, 4), u: plane(4, 5), v: plane(5, 6), strideY: width, strideUv: width / 2 };
  };
}

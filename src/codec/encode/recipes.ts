import type { SendCodec } from '../../media/chunk.ts';
import type { Hardware } from '../hardware.ts';

/** How one codec is encoded. */
export interface Recipe {
  /** FFmpeg's name of the encoder. */
  readonly encoder: string;
  readonly options: Readonly<Record<string, string>>;
  /** What holds the rate: our choice of each frame's quantiser, or the encoder's own buffer. */
  readonly rate: 'quantiser' | 'buffer';
}

// All without look-ahead or threads: one call gives one chunk. VP8 at a fixed speed (a positive cpu-used adapts to the
// time and doubles it); VP9 at its fastest, which still takes two to three times as long. Error-resilient keeps a lost
// frame from spoiling the entropy contexts of the next. H.264 aims at a quality it seldom reaches and is held by its rate
// buffer alone: that follows a new rate within the buffer's length, where average-rate control still pays for what it
// spent seconds ago (−28 % in the 2 s after 500 → 3000 kb/s). The aim is not higher, so that easy pictures leave the
// buffer full for the scene that follows.
const RECIPES: Record<SendCodec, Recipe> = {
  vp8: {
    encoder: 'libvpx',
    options: {
      deadline: 'realtime',
      'cpu-used': '-6',
      // What is left of a block after prediction is not sent below 3 squared steps a pixel, about the noise of a camera: a
      // tenth to a quarter less time, −0.3 dB at 44 dB. From 1200 on faint wallpaper is lost.
      'static-thresh': '800',
      'lag-in-frames': '0',
      'error-resilient': '1',
      'auto-alt-ref': '0',
      qmin: '2',
      qmax: '50',
    },
    rate: 'quantiser',
  },
  vp9: {
    encoder: 'libvpx-vp9',
    options: {
      deadline: 'realtime',
      'cpu-used': '8',
      'row-mt': '1',
      'lag-in-frames': '0',
      'error-resilient': '1',
      'auto-alt-ref': '0',
      qmin: '2',
      qmax: '50',
    },
    rate: 'quantiser',
  },
  h264: {
    encoder: 'libx264',
    options: { preset: 'ultrafast', tune: 'zerolatency', profile: 'baseline', 'forced-idr': '1', crf: '20' },
    rate: 'buffer',
  },
};

/**
 * Encoders of devices, where they follow a new rate without a keyframe: FFmpeg's NVENC takes one for each frame. Its VAAPI
 * encoders are held to the rate that they were opened with, so VAAPI only decodes.
 */
const ON_DEVICE: Record<Hardware, Partial<Record<SendCodec, Recipe>>> = {
  nvidia: {
    h264: {
      encoder: 'h264_nvenc',
      options: {
        preset: 'p2',
        tune: 'ull',
        profile: 'baseline',
        rc: 'cbr',
        zerolatency: '1',
        delay: '0',
        'forced-idr': '1',
      },
      rate: 'buffer',
    },
  },
  vaapi: {},
};

/** How `codec` may be encoded, in the order in which it is tried; software comes last. */
export function recipesFor(codec: SendCodec, hardware: Hardware | undefined): readonly Recipe[] {
  const onDevice = hardware && ON_DEVICE[hardware][codec];
  return onDevice ? [onDevice, RECIPES[codec]] : [RECIPES[codec]];
}

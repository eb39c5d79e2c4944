import type { VideoCodec } from '../../media/chunk.ts';
import { Av1Depacketizer } from './av1/av1-depacketizer.ts';
import type { Depacketizer } from './depacketizer.ts';
import { H264Depacketizer } from './h264/h264-depacketizer.ts';
import { Vp8Depacketizer } from './vp8/vp8-depacketizer.ts';
import { Vp9Depacketizer } from './vp9/vp9-depacketizer.ts';

/** A depacketizer for `codec`. `parameters` is the `a=fmtp` value: H.264 may announce parameter sets there. */
export function createDepacketizer(codec: VideoCodec, parameters = ''): Depacketizer {
  switch (codec) {
    case 'vp8':
      return new Vp8Depacketizer();
    case 'vp9':
      return new Vp9Depacketizer();
    case 'av1':
      return new Av1Depacketizer();
    case 'h264':
      return new H264Depacketizer(parameters);
  }
}

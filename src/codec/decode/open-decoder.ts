import { AV_CODEC_FLAG_LOW_DELAY, FF_THREAD_SLICE, type FFDecoderCodec } from 'node-av/constants';
import { Codec, CodecContext, type HardwareDeviceContext } from 'node-av/lib';
import { GatewayError } from '../../errors.ts';
import type { VideoCodec } from '../../media/chunk.ts';
import { check } from '../av.ts';

/** FFmpeg's decoders without delay when they have one thread; its own `av1` needs hardware. */
const SOFTWARE: Record<VideoCodec, string> = { vp8: 'vp8', h264: 'h264', vp9: 'vp9', av1: 'libdav1d' };
/** Those that parse here and leave pictures to a device; what it does not know they decode themselves, `av1` excepted. */
const WITH_DEVICE: Record<VideoCodec, string> = { ...SOFTWARE, av1: 'av1' };

/** Pictures beyond this (4096 × 2176) are refused by FFmpeg before it allocates them: a header may claim anything. */
const MAXIMUM_PIXELS = 4096 * 2176;

/** Pictures of a device that are kept beside those that it refers to itself: the newest, and the next one's place. */
const KEPT_PICTURES = 3;

/** A decoder with one thread and no delay. @throws GatewayError codec_failed */
export function openDecoder(codec: VideoCodec, device?: HardwareDeviceContext): CodecContext {
  const name = (device ? WITH_DEVICE : SOFTWARE)[codec];
  const found = Codec.findDecoderByName(name as FFDecoderCodec);
  if (!found) throw new GatewayError('codec_failed', `this build must have a decoder [codec:${codec}]`);
  const context = new CodecContext();
  context.allocContext3(found);
  context.threadCount = 1;
  context.threadType = FF_THREAD_SLICE; // frame threads hold back a frame each
  context.setFlags(AV_CODEC_FLAG_LOW_DELAY);
  if (device) {
    context.hwDeviceCtx = device;
    context.extraHWFrames = KEPT_PICTURES;
  }
  try {
    check(context.setOption('max_pixels', String(MAXIMUM_PIXELS)), 'bound the size of pictures');
    check(context.open2Sync(found, null), `open the ${codec} decoder`);
  } catch (error) {
    context.freeContext();
    throw error;
  }
  return context;
}

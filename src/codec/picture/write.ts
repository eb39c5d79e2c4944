import {
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUVJ444P,
  FF_QP2LAMBDA,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  type AVPixelFormat,
  type SwsFlags,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av/lib';
import { assert, GatewayError } from '../../errors.ts';
import type { Rgb } from '../../media/plane.ts';
import { check } from '../av.ts';

/** A PNG file, lossless. @throws GatewayError codec_failed */
export function writePng(rgb: Rgb): Uint8Array {
  const frame = frameOf(rgb);
  try {
    return encodePicture('png', frame);
  } finally {
    frame.free();
  }
}

/** A JPEG file without chroma subsampling, of about quality 95. @throws GatewayError codec_failed */
export function writeJpeg(rgb: Rgb): Uint8Array {
  const source = frameOf(rgb);
  const frame = allocFrame(rgb.width, rgb.height, AV_PIX_FMT_YUVJ444P);
  const scaler = new SoftwareScaleContext();
  try {
    const flags = (SWS_BICUBIC | SWS_ACCURATE_RND) as SwsFlags;
    const { width, height } = rgb;
    scaler.getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUVJ444P, flags);
    check(scaler.scaleFrameSync(frame, source), 'convert a picture for JPEG');
    return encodePicture('mjpeg', frame);
  } finally {
    scaler.freeContext();
    frame.free();
    source.free();
  }
}

function encodePicture(encoder: 'png' | 'mjpeg', frame: Frame): Uint8Array {
  const codec = Codec.findEncoderByName(encoder as never);
  if (!codec) throw new GatewayError('codec_failed', `this build must have an encoder [encoder:${encoder}]`);
  const context = new CodecContext();
  const packet = new Packet();
  try {
    context.allocContext3(codec);
    context.width = frame.width;
    context.height = frame.height;
    context.pixelFormat = frame.format as AVPixelFormat;
    context.timeBase = new Rational(1, 25);
    context.threadCount = 1;
    if (encoder === 'mjpeg') {
      // Quantiser 2 of 31 is FFmpeg's best for JPEG.
      context.setFlags(AV_CODEC_FLAG_QSCALE);
      context.globalQuality = 2 * FF_QP2LAMBDA;
      frame.quality = 2 * FF_QP2LAMBDA;
    }
    check(context.open2Sync(codec, null), `open the ${encoder} encoder`);
    packet.alloc();
    check(context.sendFrameSync(frame), `encode a picture [encoder:${encoder}]`);
    check(context.sendFrameSync(null), 'end a picture');
    check(context.receivePacketSync(packet), `give the encoded picture [encoder:${encoder}]`);
    assert(packet.data, 'an encoded picture has bytes');
    return new Uint8Array(packet.data);
  } finally {
    packet.free();
    context.freeContext();
  }
}

function frameOf(rgb: Rgb): Frame {
  const { width, height, data } = rgb;
  const frame = allocFrame(width, height, AV_PIX_FMT_RGB24);
  const [pixels] = frame.data ?? [];
  const stride = frame.linesize[0] ?? 0;
  assert(pixels, 'an allocated picture has pixels');
  for (let row = 0; row < height; row++) {
    pixels.set(data.subarray(row * width * 3, (row + 1) * width * 3), row * stride);
  }
  return frame;
}

function allocFrame(width: number, height: number, format: AVPixelFormat): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = format;
  check(frame.getBuffer(), `allocate a picture [size:${width}x${height}]`);
  return frame;
}

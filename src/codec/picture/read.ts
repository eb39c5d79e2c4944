import { AV_PIX_FMT_RGBA, SWS_ACCURATE_RND, SWS_BICUBIC, SWS_FULL_CHR_H_INT, type SwsFlags } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, SoftwareScaleContext } from 'node-av/lib';
import { GatewayError } from '../../errors.ts';
import type { Rgb } from '../../media/plane.ts';
import { check, reasonOf } from '../av.ts';
import { makeUpright } from './exif.ts';
import { sniffPicture, type PictureFormat, type PictureHead } from './sniff.ts';
import { firstWebpFrame } from './webp.ts';

/** How large a picture file may be. */
export interface PictureLimits {
  /** Bytes of the file; default 20 MiB. */
  readonly maximumBytes?: number;
  /** Pixels it claims in its head; default 50 million (a phone's largest). Checked before anything is decoded. */
  readonly maximumPixels?: number;
  /** Longest side of the result, pixels: a larger picture is scaled down. Default: no limit. */
  readonly fitSide?: number;
}

const MAXIMUM_PIXELS = 50_000_000;

const FORMATS = 'JPEG, PNG, WebP or GIF';

/** What shows through a transparent picture: middle grey, so that neither light nor dark hair gets a halo. */
const BACKDROP = 128;

/**
 * Reads a JPEG (CMYK too), PNG, WebP or GIF, upright as its EXIF orientation says; of an animation the first frame;
 * transparency over grey. Synchronous; some 100 ms for a phone's photo.
 * @throws GatewayError photo_empty, photo_too_large, photo_unreadable
 */
export function readPicture(bytes: Uint8Array, limits: PictureLimits = {}): Rgb {
  const head = judgeHead(bytes, limits);
  const { maximumPixels = MAXIMUM_PIXELS } = limits;
  const frame = decodePicture(head.format, head.format === 'webp' ? firstWebpFrame(bytes) : bytes, maximumPixels);
  try {
    return makeUpright(toRgb(frame, limits.fitSide ?? Infinity), head.orientation);
  } finally {
    frame.free();
  }
}

function judgeHead(bytes: Uint8Array, limits: PictureLimits): PictureHead {
  const { maximumBytes = 20 * 1024 * 1024, maximumPixels = MAXIMUM_PIXELS } = limits;
  if (bytes.length === 0) throw new GatewayError('photo_empty', 'the picture file must not be empty; choose it again');
  if (bytes.length > maximumBytes) {
    throw tooLarge(`at most ${Math.floor(maximumBytes / 1048576)} MB; save it smaller [bytes:${bytes.length}]`);
  }
  const head = sniffPicture(bytes);
  if (!head) throw unreadable(`the picture must be ${FORMATS}; save it as one of these`);
  const { width, height } = head;
  if (width * height > maximumPixels) {
    throw tooLarge(`at most ${Math.floor(maximumPixels / 1e6)} megapixels; scale it down [size:${width}x${height}]`);
  }
  if (!head.complete || width === 0 || height === 0) {
    throw unreadable('the picture file must be whole, this one is cut off or damaged; copy it again');
  }
  if (width < 2 || height < 2) throw unreadable(`a picture has at least 2 × 2 pixels [size:${width}x${height}]`);
  return head;
}

function decodePicture(format: PictureFormat, bytes: Uint8Array, maximumPixels: number): Frame {
  const codec = Codec.findDecoderByName((format === 'jpeg' ? 'mjpeg' : format) as never);
  if (!codec) throw new GatewayError('codec_failed', `this build must have a decoder [format:${format}]`);
  const context = new CodecContext();
  const packet = new Packet();
  const frame = new Frame();
  try {
    context.allocContext3(codec);
    context.threadCount = 1;
    // A file may claim a size in its head and another further on.
    check(context.setOption('max_pixels', String(maximumPixels)), 'bound the size of pictures');
    check(context.open2Sync(codec, null), `open the ${format} decoder`);
    packet.alloc();
    packet.data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    frame.alloc();
    const sent = context.sendPacketSync(packet);
    if (sent < 0) throw damaged(reasonOf(sent));
    context.sendPacketSync(null);
    const received = context.receiveFrameSync(frame);
    if (received < 0) throw damaged(reasonOf(received));
    if (frame.decodeErrorFlags !== 0) throw damaged('parts of it are missing');
    return frame;
  } catch (error) {
    frame.free();
    throw error;
  } finally {
    packet.free();
    context.freeContext();
  }
}

/** Converts whatever the decoder gave to RGB, scaled down to fit. */
function toRgb(frame: Frame, fitSide: number): Rgb {
  const scale = Math.min(1, fitSide / Math.max(frame.width, frame.height));
  const width = Math.max(2, Math.round(frame.width * scale));
  const height = Math.max(2, Math.round(frame.height * scale));
  const rgba = new Frame();
  const scaler = new SoftwareScaleContext();
  try {
    rgba.alloc();
    rgba.width = width;
    rgba.height = height;
    rgba.format = AV_PIX_FMT_RGBA;
    check(rgba.getBuffer(), 'allocate a picture');
    const flags = (SWS_BICUBIC | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND) as SwsFlags;
    scaler.getContext(frame.width, frame.height, frame.format as never, width, height, AV_PIX_FMT_RGBA, flags);
    check(scaler.scaleFrameSync(rgba, frame), 'convert a picture to RGB');
    return flatten(rgba);
  } finally {
    scaler.freeContext();
    rgba.free();
  }
}

/** RGBA rows to RGB without padding, transparency over the backdrop. */
function flatten(rgba: Frame): Rgb {
  const { width, height } = rgba;
  const [pixels] = rgba.data ?? [];
  const stride = rgba.linesize[0] ?? 0;
  if (!pixels) throw new GatewayError('codec_failed', 'a converted picture has pixels');
  const data = new Uint8Array(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    let from = row * stride;
    for (let column = 0; column < width; column++, from += 4, to += 3) {
      const alpha = pixels[from + 3]!;
      const rest = (255 - alpha) * BACKDROP + 127;
      data[to] = (pixels[from]! * alpha + rest) / 255;
      data[to + 1] = (pixels[from + 1]! * alpha + rest) / 255;
      data[to + 2] = (pixels[from + 2]! * alpha + rest) / 255;
    }
  }
  return { width, height, data };
}

function tooLarge(what: string): GatewayError {
  return new GatewayError('photo_too_large', `the picture may have ${what}`);
}

function unreadable(message: string): GatewayError {
  return new GatewayError('photo_unreadable', message);
}

function damaged(cause: string): GatewayError {
  return unreadable(`the picture must decode, this one is damaged; save it again [cause:${cause}]`);
}

import {
  AV_CODEC_FLAG_LOW_DELAY,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  FF_THREAD_SLICE,
  type FFDecoderCodec,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { assert, GatewayError } from '../errors.ts';
import type { Chunk, VideoCodec } from '../media/chunk.ts';
import { fullToLimited } from '../media/range.ts';
import { AGAIN, check, reasonOf } from './av.ts';
import type { Decoded, Decoder, DecoderSettings } from './codec.ts';
import type { WorkPicture } from './work-picture.ts';

/** FFmpeg's decoders without delay when they have one thread; its own `av1` needs hardware. */
const NAMES: Record<VideoCodec, string> = { vp8: 'vp8', h264: 'h264', vp9: 'vp9', av1: 'libdav1d' };

/** Pictures beyond this (4096 × 2176) are refused by FFmpeg before it allocates them: a header may claim anything. */
const MAXIMUM_PIXELS = 4096 * 2176;

/** Opens a decoder with one thread and no delay. @throws GatewayError codec_failed */
export function createDecoder(codec: VideoCodec, settings: DecoderSettings = {}): Decoder {
  return new LiveDecoder(codec, settings.maximumSide ?? 1920);
}

class LiveDecoder implements Decoder {
  readonly codec: VideoCodec;
  readonly #maximumSide: number;
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  /** The newest picture, and the frame the next one is received into. */
  #newest = new Frame();
  #spare = new Frame();
  #state: 'needs-keyframe' | 'running' | 'closed' = 'needs-keyframe';
  #hasPicture = false;
  #fullRange = false;

  constructor(codec: VideoCodec, maximumSide: number) {
    if (!(maximumSide > 0)) throw new TypeError(`maximumSide must be positive [maximumSide:${maximumSide}]`);
    this.codec = codec;
    this.#maximumSide = maximumSide;
    const found = Codec.findDecoderByName(NAMES[codec] as FFDecoderCodec);
    if (!found) throw new GatewayError('codec_failed', `this build must have a decoder [codec:${codec}]`);
    const context = this.#context;
    context.allocContext3(found);
    context.threadCount = 1;
    context.threadType = FF_THREAD_SLICE; // frame threads hold back a frame each
    context.setFlags(AV_CODEC_FLAG_LOW_DELAY);
    check(context.setOption('max_pixels', String(MAXIMUM_PIXELS)), 'bound the size of pictures');
    check(context.open2Sync(found, null), `open the ${codec} decoder`);
    this.#packet.alloc();
    this.#newest.alloc();
    this.#spare.alloc();
  }

  decode(chunk: Chunk): Decoded {
    if (this.#state === 'closed') throw new GatewayError('closed', 'a decoder must be open to decode');
    assert(chunk.codec === this.codec, 'a chunk goes to a decoder of its codec');
    // After damage FFmpeg would go on from wrong reference pictures, and for VP8 not even say so.
    if (this.#state === 'needs-keyframe' && !chunk.keyframe) return broken('waits for a keyframe');
    if (chunk.data.byteLength === 0) return this.#fail('empty chunk');
    const result = this.#feed(chunk.data);
    if (typeof result === 'string') return this.#fail(result);
    this.#state = 'running';
    return result ? this.#judge() : { kind: 'none' };
  }

  copyTo(work: WorkPicture): boolean {
    if (!this.#hasPicture) return false;
    const from = this.#newest;
    work.resize(from.width, from.height);
    check(work.native.copy(from), 'copy a picture');
    if (this.#fullRange) fullToLimited(work.picture);
    return true;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#hasPicture = false;
    this.#context.freeContext();
    this.#packet.free();
    this.#newest.free();
    this.#spare.free();
  }

  /** True if a picture came out, false if none did, else why the chunk does not decode. */
  #feed(data: Uint8Array): boolean | string {
    this.#packet.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength); // copies into native memory
    const sent = this.#context.sendPacketSync(this.#packet);
    this.#packet.unref();
    if (sent < 0) return reasonOf(sent);
    let came = false;
    for (;;) {
      const received = this.#context.receiveFrameSync(this.#spare);
      if (received === AGAIN) return came;
      if (received < 0) return reasonOf(received);
      if (this.#spare.decodeErrorFlags !== 0) return 'parts of the picture are missing';
      [this.#newest, this.#spare] = [this.#spare, this.#newest];
      came = true;
    }
  }

  #judge(): Decoded {
    const { width, height, format } = this.#newest;
    this.#hasPicture = false;
    if (format !== AV_PIX_FMT_YUV420P && format !== AV_PIX_FMT_YUVJ420P) {
      return this.#fail(`only 8-bit 4:2:0 is taken [pixelFormat:${format}]`);
    }
    if (Math.max(width, height) > this.#maximumSide) return { kind: 'too-large', width, height };
    if (Math.min(width, height) < 2) return this.#fail(`a picture has at least 2 × 2 pixels [size:${width}x${height}]`);
    this.#fullRange = format === AV_PIX_FMT_YUVJ420P || this.#newest.colorRange === AVCOL_RANGE_JPEG;
    // Full range has a format of its own with the same layout, and FFmpeg only copies within one format.
    this.#newest.format = AV_PIX_FMT_YUV420P;
    this.#hasPicture = true;
    return { kind: 'picture', width, height };
  }

  #fail(reason: string): Decoded {
    this.#state = 'needs-keyframe';
    return broken(reason);
  }
}

function broken(reason: string): Decoded {
  return { kind: 'broken', reason };
}

import {
  AV_PIX_FMT_CUDA,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_VAAPI,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  type AVPixelFormat,
} from 'node-av/constants';
import { type CodecContext, Frame, Packet } from 'node-av/lib';
import { assert, GatewayError } from '../errors.ts';
import type { Chunk, VideoCodec } from '../media/chunk.ts';
import { fullToLimited } from '../media/range.ts';
import { AGAIN, check, reasonOf } from './av.ts';
import type { Decoded, Decoder, DecoderSettings } from './codec.ts';
import { Downloader } from './decode/downloader.ts';
import { openDecoder } from './decode/open-decoder.ts';
import { openDevice } from './hardware.ts';
import { countNative } from './native-held.ts';
import type { WorkPicture } from './work-picture.ts';

/** Opens a decoder with one thread and no delay. @throws GatewayError codec_failed */
export function createDecoder(codec: VideoCodec, settings: DecoderSettings = {}): Decoder {
  return new LiveDecoder(codec, settings);
}

class LiveDecoder implements Decoder {
  readonly codec: VideoCodec;
  readonly #maximumSide: number;
  readonly #onFallback: (reason: string) => void;
  #context: CodecContext;
  /** A device decodes. */
  #onDevice: boolean;
  #downloader: Downloader | undefined;
  readonly #packet = new Packet();
  /** The newest picture, and the frame the next one is received into. */
  #newest = new Frame();
  #spare = new Frame();
  #state: 'needs-keyframe' | 'running' | 'closed' = 'needs-keyframe';
  #hasPicture = false;
  #fullRange = false;

  constructor(codec: VideoCodec, { maximumSide = 1920, hardware, onFallback }: DecoderSettings) {
    if (!(maximumSide > 0)) throw new TypeError(`maximumSide must be positive [maximumSide:${maximumSide}]`);
    this.codec = codec;
    this.#maximumSide = maximumSide;
    this.#onFallback = onFallback ?? (() => undefined);
    const device = hardware && openDevice(hardware);
    if (typeof device === 'string') this.#onFallback(device);
    this.#onDevice = typeof device === 'object';
    this.#context = openDecoder(codec, typeof device === 'object' ? device : undefined);
    this.#packet.alloc();
    this.#newest.alloc();
    this.#spare.alloc();
    countNative('codecs', 1);
  }

  decode(chunk: Chunk): Decoded {
    if (this.#state === 'closed') throw new GatewayError('closed', 'a decoder must be open to decode');
    assert(chunk.codec === this.codec, 'a chunk goes to a decoder of its codec');
    const decoded = this.#take(chunk);
    if (decoded.kind !== 'broken' || !this.#onDevice || !chunk.keyframe) return decoded;
    this.#toSoftware(decoded.reason);
    return this.#take(chunk);
  }

  #take(chunk: Chunk): Decoded {
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
    if (isOnDevice(from)) {
      this.#downloader?.copyTo(work);
    } else {
      work.resize(from.width, from.height);
      check(work.native.copy(from), 'copy a picture');
    }
    if (this.#fullRange) fullToLimited(work.picture);
    return true;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#hasPicture = false;
    this.#newest.free();
    this.#spare.free();
    this.#downloader?.close();
    this.#context.freeContext();
    this.#packet.free();
    countNative('codecs', -1);
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
    const { width, height } = this.#newest;
    const format = layoutOf(this.#newest);
    this.#hasPicture = false;
    if (!TAKEN.includes(format)) {
      return this.#fail(`only 8-bit 4:2:0 is taken [pixelFormat:${format}]`);
    }
    if (Math.max(width, height) > this.#maximumSide) return { kind: 'too-large', width, height };
    if (Math.min(width, height) < 2) return this.#fail(`a picture has at least 2 × 2 pixels [size:${width}x${height}]`);
    this.#fullRange = format === AV_PIX_FMT_YUVJ420P || this.#newest.colorRange === AVCOL_RANGE_JPEG;
    if (isOnDevice(this.#newest)) {
      this.#downloader ??= new Downloader();
      if (!this.#downloader.fetch(this.#newest)) return this.#fail('the device does not give its picture');
    } else {
      // Full range has a format of its own with the same layout, and FFmpeg only copies within one format.
      this.#newest.format = AV_PIX_FMT_YUV420P;
    }
    this.#hasPicture = true;
    return { kind: 'picture', width, height };
  }

  /** The chunk is tried again there: what the device does not take may be sound all the same. */
  #toSoftware(reason: string): void {
    this.#onDevice = false;
    this.#onFallback(`the device does not decode ${this.codec} [cause:${reason}]`);
    this.#newest.unref();
    this.#spare.unref();
    this.#context.freeContext();
    this.#context = openDecoder(this.codec);
  }

  #fail(reason: string): Decoded {
    this.#state = 'needs-keyframe';
    return broken(reason);
  }
}

/** Layouts of 8-bit 4:2:0. */
const TAKEN: readonly AVPixelFormat[] = [AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_NV12];

function isOnDevice({ format }: Frame): boolean {
  return format === AV_PIX_FMT_CUDA || format === AV_PIX_FMT_VAAPI;
}

/** How the pixels lie, wherever they are. */
function layoutOf(frame: Frame): AVPixelFormat {
  return (isOnDevice(frame) ? frame.hwFramesCtx?.swFormat : undefined) ?? (frame.format as AVPixelFormat);
}

function broken(reason: string): Decoded {
  return { kind: 'broken', reason };
}

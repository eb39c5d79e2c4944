import { Codec, CodecContext, Packet, Rational } from 'node-av/lib';
import { AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE, AV_PIX_FMT_YUV420P } from 'node-av/constants';
import type { WorkPicture } from '../../../src/codec/work-picture.ts';

/** What a real-time VP8 encoder is usually set to: fixed speed, no delay, no threads, its own rate control. */
const OPTIONS = {
  deadline: 'realtime',
  'cpu-used': '-6',
  'lag-in-frames': '0',
  'error-resilient': '1',
  'auto-alt-ref': '0',
} as const;

/**
 * VP8 as it is without what the product adds, so that the time of a tracked frame is compared with the same thing whatever
 * the product's encoder learns to leave out.
 */
export class PlainVp8 {
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  #count = 0n;

  /** @param bitrate bits a second */
  constructor(size: { readonly width: number; readonly height: number }, bitrate: number) {
    const codec = Codec.findEncoderByName('libvpx' as Parameters<typeof Codec.findEncoderByName>[0]);
    if (!codec) throw new Error('this build must have libvpx');
    const context = this.#context;
    context.allocContext3(codec);
    context.width = size.width;
    context.height = size.height;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = new Rational(1, 30);
    context.framerate = new Rational(30, 1);
    context.gopSize = 100_000;
    context.threadCount = 1;
    context.bitRate = BigInt(bitrate);
    for (const [name, value] of Object.entries(OPTIONS)) {
      if (context.setOption(name, value) < 0) throw new Error(`libvpx must know the option [${name}]`);
    }
    if (context.open2Sync(codec, null) < 0) throw new Error('libvpx must open');
    this.#packet.alloc();
  }

  /** One picture. Gives its bytes. */
  encode({ native }: WorkPicture): number {
    native.pictType = this.#count === 0n ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    native.pts = this.#count++;
    if (this.#context.sendFrameSync(native) < 0 || this.#context.receivePacketSync(this.#packet) < 0) {
      throw new Error('libvpx must give each picture at once');
    }
    const { size } = this.#packet;
    this.#packet.unref();
    return size;
  }

  close(): void {
    this.#context.freeContext();
    this.#packet.free();
  }
}

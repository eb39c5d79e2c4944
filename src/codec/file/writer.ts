import {
  AV_CODEC_FLAG_FRAME_DURATION,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVERROR_EOF,
  AVFMT_GLOBALHEADER,
  AVCOL_RANGE_MPEG,
  type FFEncoderCodec,
} from 'node-av/constants';
import { Codec, CodecContext, FormatContext, Packet, Rational, type Stream } from 'node-av/lib';
import { assert, GatewayError } from '../../errors.ts';
import { AGAIN, check } from '../av.ts';
import { WorkPicture } from '../work-picture.ts';
import type { Container } from './containers.ts';
import { padToEven } from './pad.ts';
import type { Moment, VideoReader } from './reader.ts';

// A file is watched more than once and cut again: good quality first, and no need for speed beyond the face's own.
const RECIPES = {
  h264: { encoder: 'libx264', options: { preset: 'veryfast', crf: '18' } },
  vp9: {
    encoder: 'libvpx-vp9',
    options: { deadline: 'good', 'cpu-used': '5', 'row-mt': '1', crf: '26', b: '0', 'auto-alt-ref': '1' },
  },
} as const;

/**
 * A video file being written: pictures encoded at the times they were shown in the file they come from, its sound tracks
 * copied packet by packet. The file is only whole after `finish`.
 */
export class VideoWriter {
  /** Pixels of the written picture: H.264 needs even sides, so an odd one gets its last column or row twice. */
  readonly width: number;
  readonly height: number;
  readonly #format = new FormatContext();
  readonly #context: CodecContext;
  readonly #video: Stream;
  readonly #audio: readonly { readonly from: Stream; readonly to: Stream }[];
  readonly #packet = new Packet();
  readonly #padded = new WorkPicture();
  readonly #timeBase: Rational;
  #closed = false;

  /** @throws GatewayError file_unwritable, codec_failed */
  constructor(path: string, container: Container, reader: VideoReader) {
    const { facts } = reader;
    const even = container.video === 'h264' ? 1 : 0;
    this.width = facts.width + (facts.width & even);
    this.height = facts.height + (facts.height & even);
    this.#timeBase = new Rational(reader.timeBase.num, reader.timeBase.den);
    this.#packet.alloc();
    check(this.#format.allocOutputContext2(null, container.muxer, path), 'make the file', 'file_unwritable');
    try {
      this.#context = this.#openEncoder(container, reader);
      this.#video = this.#format.newStream();
      check(this.#video.codecpar.fromContext(this.#context), 'describe the video track');
      this.#video.timeBase = this.#timeBase;
      this.#audio = reader.audio.map((from) => ({ from, to: this.#copyTrack(from) }));
      this.#start(container, path);
    } catch (error) {
      this.#format.freeContext();
      throw error;
    }
  }

  /** Encodes a picture of the reader's size. `work` is free again when it returns. */
  write(work: WorkPicture, moment: Moment): void {
    const input = this.#sized(work);
    input.native.pts = moment.pts;
    input.native.duration = moment.duration;
    input.native.pictType = AV_PICTURE_TYPE_NONE;
    check(this.#context.sendFrameSync(input.native), 'encode a picture');
    assert(input.native.isWritable, 'encoders of files copy what they look ahead to');
    this.#drain();
  }

  /** Copies a sound packet of track `track` (the order of `reader.audio`); leaves it changed. */
  writeAudio(packet: Packet, track: number): void {
    const { from, to } = this.#audio[track]!;
    packet.rescaleTs(from.timeBase, to.timeBase);
    packet.streamIndex = to.index;
    check(this.#format.interleavedWriteFrameSync(packet), 'write sound', 'file_unwritable');
  }

  /** Writes what the encoder still holds, and the end of the file. @throws GatewayError file_unwritable */
  finish(): void {
    check(this.#context.sendFrameSync(null), 'end the video track');
    this.#drain();
    check(this.#format.writeTrailerSync(), 'end the file', 'file_unwritable');
    this.close();
  }

  /** Idempotent; without `finish` the file is left unfinished. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#format.closeOutputSync();
    this.#format.freeContext();
    this.#context.freeContext();
    this.#packet.free();
    this.#padded.close();
  }

  #openEncoder(container: Container, reader: VideoReader): CodecContext {
    const { encoder, options } = RECIPES[container.video];
    const codec = Codec.findEncoderByName(encoder as FFEncoderCodec);
    if (!codec) throw new GatewayError('codec_failed', `this build must have an encoder [encoder:${encoder}]`);
    const context = new CodecContext();
    const { codecpar } = reader.video;
    context.allocContext3(codec);
    context.width = this.width;
    context.height = this.height;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = this.#timeBase;
    const rate = Math.round(reader.facts.frameRate * 1000);
    context.framerate = new Rational(rate, 1000);
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = codecpar.colorSpace;
    context.colorPrimaries = codecpar.colorPrimaries;
    context.colorTrc = codecpar.colorTrc;
    const { num, den } = codecpar.sampleAspectRatio;
    if (num > 0) context.sampleAspectRatio = reader.facts.turns & 1 ? new Rational(den, num) : new Rational(num, den);
    context.setFlags(AV_CODEC_FLAG_FRAME_DURATION);
    if (this.#format.oformat?.hasFlags(AVFMT_GLOBALHEADER)) context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    for (const [name, value] of Object.entries(options)) {
      check(context.setOption(name, value), `set an encoder option [option:${name}]`);
    }
    check(context.open2Sync(codec, null), `open the ${encoder} encoder [size:${this.width}x${this.height}]`);
    return context;
  }

  #copyTrack(from: Stream): Stream {
    const to = this.#format.newStream();
    check(from.codecpar.copy(to.codecpar), 'describe a sound track');
    to.codecpar.codecTag = 0; // each container has its own
    to.timeBase = from.timeBase;
    return to;
  }

  #start(container: Container, path: string): void {
    // The index in front, so that a player can begin before the file is whole.
    if (container.muxer === 'mp4' || container.muxer === 'mov') {
      check(this.#format.setOption('movflags', '+faststart'), 'set a file option');
    }
    check(this.#format.openOutputSync(), `write the file [file:${path}]`, 'file_unwritable');
    const written = this.#format.writeHeaderSync();
    if (written < 0) this.#format.closeOutputSync();
    check(written, `begin the file [file:${path}]`, 'file_unwritable');
  }

  #sized(work: WorkPicture): WorkPicture {
    const { width, height } = work.picture;
    if (width === this.width && height === this.height) return work;
    this.#padded.resize(this.width, this.height);
    padToEven(work.picture, this.#padded.picture);
    return this.#padded;
  }

  #drain(): void {
    for (;;) {
      const received = this.#context.receivePacketSync(this.#packet);
      if (received === AGAIN || received === AVERROR_EOF) return;
      check(received, 'encode a picture');
      this.#packet.rescaleTs(this.#timeBase, this.#video.timeBase);
      this.#packet.streamIndex = this.#video.index;
      check(this.#format.interleavedWriteFrameSync(this.#packet), 'write a picture', 'file_unwritable');
    }
  }
}

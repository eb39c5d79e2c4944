import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CODEC_FLAG_FRAME_DURATION,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
  type AVSampleFormat,
} from 'node-av/constants';
import { Codec, CodecContext, FormatContext, Frame, Packet, Rational, type Stream } from 'node-av/lib';
import { WorkPicture } from '../../src/codec/work-picture.ts';
import { assert } from '../../src/errors.ts';
import type { I420 } from '../../src/media/plane.ts';

/** A video file to be made. */
export interface VideoFileRecipe {
  readonly path: string;
  /** The pictures and when each is shown, milliseconds. Left out: no video track. */
  readonly video?: {
    readonly width: number;
    readonly height: number;
    readonly times: readonly number[];
    readonly draw: (index: number) => I420;
    /** FFmpeg's encoder; default libx264 (even sizes only). */
    readonly encoder?: string;
    /** Clockwise turn in degrees that the file asks players for. */
    readonly rotation?: 0 | 90 | 180 | 270;
  };
  /** A tone of 440 Hz. */
  readonly audio?: { readonly seconds: number; readonly encoder: 'aac' | 'pcm_s16le' };
}

const TICKS = 12_800;
const SOUND_RATE = 48_000;

/** Makes a video file; the container follows the ending. */
export function makeVideoFile(recipe: VideoFileRecipe): void {
  const format = new FormatContext();
  ok(format.allocOutputContext2(null, null, recipe.path), 'container');
  const video = recipe.video && openVideo(format, recipe.video);
  const audio = recipe.audio && openAudio(format, recipe.audio.encoder);
  ok(format.openOutputSync(), 'open');
  ok(format.writeHeaderSync(), 'header');
  if (video && recipe.video) writeVideo(format, video, recipe.video);
  if (audio && recipe.audio) writeAudio(format, audio, recipe.audio.seconds);
  ok(format.writeTrailerSync(), 'trailer');
  format.closeOutputSync();
  format.freeContext();
}

interface Track {
  readonly context: CodecContext;
  readonly stream: Stream;
}

function openVideo(format: FormatContext, recipe: NonNullable<VideoFileRecipe['video']>): Track {
  const context = contextOf(recipe.encoder ?? 'libx264', (each) => {
    each.width = recipe.width;
    each.height = recipe.height;
    each.pixelFormat = AV_PIX_FMT_YUV420P;
    each.timeBase = new Rational(1, TICKS);
    each.framerate = new Rational(25, 1);
    each.bitRate = 4_000_000n;
  });
  const stream = streamOf(format, context);
  if (recipe.rotation) {
    const angle = (recipe.rotation * Math.PI) / 180;
    const matrix = Buffer.alloc(36);
    const entries = [Math.cos(angle), Math.sin(angle), 0, -Math.sin(angle), Math.cos(angle), 0];
    entries.forEach((value, at) => matrix.writeInt32LE(Math.round(value * 65_536), at * 4));
    matrix.writeInt32LE(1 << 30, 32);
    ok(stream.codecpar.addCodedSideData(AV_PKT_DATA_DISPLAYMATRIX, matrix), 'rotation');
  }
  return { context, stream };
}

function openAudio(format: FormatContext, encoder: 'aac' | 'pcm_s16le'): Track {
  const context = contextOf(encoder, (each) => {
    each.sampleRate = SOUND_RATE;
    each.channelLayout = AV_CHANNEL_LAYOUT_MONO;
    each.sampleFormat = formatOf(encoder);
    each.timeBase = new Rational(1, SOUND_RATE);
    each.bitRate = 64_000n;
  });
  return { context, stream: streamOf(format, context) };
}

function formatOf(encoder: 'aac' | 'pcm_s16le'): AVSampleFormat {
  return encoder === 'aac' ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_S16;
}

function contextOf(name: string, settle: (context: CodecContext) => void): CodecContext {
  const codec = Codec.findEncoderByName(name as never);
  assert(codec, `node-av has ${name}`);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER, AV_CODEC_FLAG_FRAME_DURATION);
  settle(context);
  ok(context.open2Sync(codec, null), name);
  return context;
}

function streamOf(format: FormatContext, context: CodecContext): Stream {
  const stream = format.newStream();
  ok(stream.codecpar.fromContext(context), 'stream');
  stream.timeBase = context.timeBase;
  return stream;
}

function writeVideo(format: FormatContext, track: Track, recipe: NonNullable<VideoFileRecipe['video']>): void {
  const work = new WorkPicture();
  recipe.times.forEach((time, index) => {
    work.load(recipe.draw(index));
    work.native.pictType = AV_PICTURE_TYPE_NONE;
    work.native.pts = BigInt(Math.round((time * TICKS) / 1000));
    work.native.duration = BigInt((TICKS * 40) / 1000);
    ok(track.context.sendFrameSync(work.native), 'encode');
    drain(format, track);
  });
  ok(track.context.sendFrameSync(null), 'end');
  drain(format, track);
  work.close();
}

function writeAudio(format: FormatContext, track: Track, seconds: number): void {
  const size = track.context.frameSize || 1024;
  for (let start = 0; start < seconds * SOUND_RATE; start += size) {
    const frame = new Frame();
    frame.alloc();
    frame.nbSamples = size;
    frame.format = track.context.sampleFormat;
    frame.sampleRate = SOUND_RATE;
    frame.channelLayout = AV_CHANNEL_LAYOUT_MONO;
    ok(frame.getBuffer(), 'sound');
    const bytes = frame.data![0]!;
    for (let at = 0; at < size; at++) {
      const level = 0.3 * Math.sin(((start + at) * 2 * Math.PI * 440) / SOUND_RATE);
      if (track.context.sampleFormat === AV_SAMPLE_FMT_FLTP) bytes.writeFloatLE(level, at * 4);
      else bytes.writeInt16LE(Math.round(level * 32_767), at * 2);
    }
    frame.pts = BigInt(start);
    ok(track.context.sendFrameSync(frame), 'encode sound');
    frame.free();
    drain(format, track);
  }
  ok(track.context.sendFrameSync(null), 'end');
  drain(format, track);
}

function drain(format: FormatContext, { context, stream }: Track): void {
  const packet = new Packet();
  packet.alloc();
  while (context.receivePacketSync(packet) >= 0) {
    packet.rescaleTs(context.timeBase, stream.timeBase);
    packet.streamIndex = stream.index;
    ok(format.interleavedWriteFrameSync(packet), 'write');
  }
  packet.free();
}

function ok(result: number, what: string): void {
  assert(result >= 0, `${what} [result:${result}]`);
}

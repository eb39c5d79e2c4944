import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CHANNEL_LAYOUT_STEREO,
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
  /** FFmpeg's muxer; default: as the path's ending says. */
  readonly container?: string;
  /** The pictures and when each is shown, milliseconds. Left out: no video track. */
  readonly video?: {
    readonly width: number;
    readonly height: number;
    readonly times: readonly number[];
    readonly draw: (index: number) => I420;
    /** FFmpeg's encoder; default libx264 (even sizes only). */
    readonly encoder?: string;
    /** Bits a second; default 4,000,000. */
    readonly bitrate?: number;
    /** Options of the encoder by FFmpeg's names. */
    readonly options?: Readonly<Record<string, string>>;
    /** Clockwise turn in degrees that the file asks players for. */
    readonly rotation?: 0 | 90 | 180 | 270;
  };
  /** A tone of 440 Hz; as Opus in stereo, which is what WebRTC sends, else mono. */
  readonly audio?: { readonly seconds: number; readonly encoder: SoundEncoder };
}

type SoundEncoder = 'aac' | 'pcm_s16le' | 'libopus';

const TICKS = 12_800;
const SOUND_RATE = 48_000;

/** Makes a video file; the container follows the ending. */
export function makeVideoFile(recipe: VideoFileRecipe): void {
  const format = new FormatContext();
  ok(format.allocOutputContext2(null, recipe.container ?? null, recipe.path), 'container');
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
    each.bitRate = BigInt(recipe.bitrate ?? 4_000_000);
    for (const [name, value] of Object.entries(recipe.options ?? {})) ok(each.setOption(name, value), name);
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

function openAudio(format: FormatContext, encoder: SoundEncoder): Track {
  const context = contextOf(encoder, (each) => {
    each.sampleRate = SOUND_RATE;
    each.channelLayout = encoder === 'libopus' ? AV_CHANNEL_LAYOUT_STEREO : AV_CHANNEL_LAYOUT_MONO;
    each.sampleFormat = formatOf(encoder);
    each.timeBase = new Rational(1, SOUND_RATE);
    each.bitRate = 64_000n;
  });
  return { context, stream: streamOf(format, context) };
}

function formatOf(encoder: SoundEncoder): AVSampleFormat {
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
  const channels = track.context.channelLayout.nbChannels;
  for (let start = 0; start < seconds * SOUND_RATE; start += size) {
    const frame = new Frame();
    frame.alloc();
    frame.nbSamples = size;
    frame.format = track.context.sampleFormat;
    frame.sampleRate = SOUND_RATE;
    frame.channelLayout = track.context.channelLayout;
    ok(frame.getBuffer(), 'sound');
    const bytes = frame.data![0]!;
    for (let at = 0; at < size; at++) {
      const level = 0.3 * Math.sin(((start + at) * 2 * Math.PI * 440) / SOUND_RATE);
      if (track.context.sampleFormat === AV_SAMPLE_FMT_FLTP) bytes.writeFloatLE(level, at * 4);
      else
        for (let each = 0; each < channels; each++)
          bytes.writeInt16LE(Math.round(level * 32_767), (at * channels + each) * 2);
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

import {
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AV_PIX_FMT_YUV420P,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVCOL_RANGE_JPEG,
  AVERROR_EOF,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  type AVPixelFormat,
  type SwsFlags,
} from 'node-av/constants';
import {
  avGetCodecName,
  Codec,
  CodecContext,
  FormatContext,
  Frame,
  Packet,
  SoftwareScaleContext,
  type IRational,
  type Stream,
} from 'node-av/lib';
import { GatewayError } from '../../errors.ts';
import { fullToLimited } from '../../media/range.ts';
import { turnI420, type QuarterTurns } from '../../media/turn.ts';
import { AGAIN, check, reasonOf } from '../av.ts';
import { WorkPicture } from '../work-picture.ts';

/** What a video file holds. */
export interface VideoFileFacts {
  /** Pixels of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** Frames a second, on average. */
  readonly frameRate: number;
  /** Number of frames: told by the file, or reckoned from its length; undefined if neither is known. */
  readonly frames: number | undefined;
  /** Clockwise turns by which the stored pictures are made upright. */
  readonly turns: QuarterTurns;
  /** FFmpeg's names of the codecs of the sound tracks. */
  readonly audio: readonly string[];
}

/** When a picture of a file is shown, in ticks of `VideoReader.timeBase`. */
export interface Moment {
  readonly pts: bigint;
  /** How long it is shown; above 0. A player trims a last picture that lasts no time. */
  readonly duration: bigint;
}

/**
 * A video file as upright 4:2:0 pictures, one after the other, with their own times (a variable frame rate stays one).
 * Its sound packets are handed on as they pass. Synchronous.
 */
export class VideoReader {
  readonly facts: VideoFileFacts;
  readonly timeBase: IRational;
  readonly video: Stream;
  readonly audio: readonly Stream[];
  readonly #format: FormatContext;
  readonly #context: CodecContext;
  readonly #packet = new Packet();
  readonly #frame = new Frame();
  readonly #lying = new WorkPicture();
  #scaler: { context: SoftwareScaleContext; from: string } | undefined;
  #state: 'reading' | 'draining' | 'ended' | 'closed' = 'reading';
  #last = AV_NOPTS_VALUE;

  /** @throws GatewayError file_unreadable, file_no_video */
  constructor(path: string) {
    this.#format = openInput(path);
    try {
      const streams = this.#format.streams;
      const cover = (stream: Stream) => stream.hasDisposition(AV_DISPOSITION_ATTACHED_PIC);
      const best = this.#format.findBestStream(AVMEDIA_TYPE_VIDEO);
      const video = streams.find((stream) => stream.index === best);
      if (!video || cover(video))
        throw new GatewayError('file_no_video', `the file must have a video track [file:${path}]`);
      this.video = video;
      this.audio = streams.filter((stream) => stream.codecpar.codecType === AVMEDIA_TYPE_AUDIO);
      this.timeBase = video.timeBase;
      this.#context = openDecoder(video, path);
    } catch (error) {
      this.#format.closeInputSync();
      throw error;
    }
    this.facts = factsOf(this.video, this.audio, this.#format);
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /**
   * Decodes the next picture into `work`; undefined after the last.
   * @param onAudio takes sound packets on the way, to be used before it returns
   * @throws GatewayError file_unreadable where the file is damaged beyond a single frame
   */
  next(work: WorkPicture, onAudio: (packet: Packet, track: number) => void): Moment | undefined {
    while (this.#state !== 'ended' && this.#state !== 'closed') {
      const received = this.#context.receiveFrameSync(this.#frame);
      if (received === AVERROR_EOF) {
        this.#state = 'ended';
      } else if (received === AGAIN) {
        this.#feed(onAudio);
      } else if (received >= 0) {
        this.#load(work);
        return this.#moment();
      } else if (this.#state === 'draining') {
        this.#state = 'ended';
      }
      // Any other code is one damaged frame: the next may be whole.
    }
    return undefined;
  }

  /** Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#context.freeContext();
    this.#format.closeInputSync();
    this.#packet.free();
    this.#frame.free();
    this.#lying.close();
    this.#scaler?.context.freeContext();
  }

  #feed(onAudio: (packet: Packet, track: number) => void): void {
    const packet = this.#packet;
    if (this.#format.readFrameSync(packet) < 0) {
      this.#state = 'draining';
      this.#context.sendPacketSync(null);
      return;
    }
    const index = packet.streamIndex;
    if (index === this.video.index) {
      this.#context.sendPacketSync(packet);
    } else {
      const track = this.audio.findIndex((stream) => stream.index === index);
      if (track >= 0) onAudio(packet, track);
    }
    packet.unref();
  }

  /** Times always grow: a file without them, or with wrong ones, gets them from its frame rate. */
  #moment(): Moment {
    const told = this.#frame.bestEffortTimestamp;
    const ticks = Math.round(this.timeBase.den / this.timeBase.num / this.facts.frameRate);
    const step = BigInt(Math.max(1, ticks));
    const guess = this.#last === AV_NOPTS_VALUE ? 0n : this.#last + step;
    const usable = told !== AV_NOPTS_VALUE && (this.#last === AV_NOPTS_VALUE || told > this.#last);
    this.#last = usable ? told : guess;
    return { pts: this.#last, duration: this.#frame.duration > 0n ? this.#frame.duration : step };
  }

  #load(work: WorkPicture): void {
    const { turns } = this.facts;
    if (turns === 0) return this.#convert(work);
    this.#convert(this.#lying);
    const { width, height } = this.#lying.picture;
    work.resize(turns & 1 ? height : width, turns & 1 ? width : height);
    turnI420(this.#lying.picture, turns, work.picture);
  }

  /** Whatever the file's pixel format is, and whatever size it changes to midway, one kind and size comes out. */
  #convert(into: WorkPicture): void {
    const frame = this.#frame;
    const { width, height } = this.video.codecpar;
    const format = frame.format as AVPixelFormat;
    into.resize(width, height);
    if (format === AV_PIX_FMT_YUV420P && frame.width === width && frame.height === height) {
      check(into.native.copy(frame), 'copy a picture');
      if (frame.colorRange === AVCOL_RANGE_JPEG) fullToLimited(into.picture);
      return;
    }
    const from = `${frame.width}x${frame.height} ${format}`;
    if (this.#scaler?.from !== from) {
      this.#scaler?.context.freeContext();
      const context = new SoftwareScaleContext();
      const flags = (SWS_BICUBIC | SWS_ACCURATE_RND) as SwsFlags;
      context.getContext(frame.width, frame.height, format, width, height, AV_PIX_FMT_YUV420P, flags);
      this.#scaler = { context, from };
    }
    check(this.#scaler.context.scaleFrameSync(into.native, frame), 'convert a picture to 4:2:0');
  }
}

function openInput(path: string): FormatContext {
  const format = new FormatContext();
  const opened = format.openInputSync(path);
  if (opened < 0) throw unreadable(path, reasonOf(opened));
  const found = format.findStreamInfoSync();
  if (found >= 0) return format;
  format.closeInputSync();
  throw unreadable(path, reasonOf(found));
}

function openDecoder(video: Stream, path: string): CodecContext {
  const codec = Codec.findDecoder(video.codecpar.codecId);
  const name = avGetCodecName(video.codecpar.codecId);
  if (!codec) throw unreadable(path, `no decoder for ${name}`);
  const context = new CodecContext();
  context.allocContext3(codec);
  check(context.parametersToContext(video.codecpar), 'take the parameters of the video track', 'file_unreadable');
  context.pktTimebase = video.timeBase;
  context.threadCount = 0; // as many as there are cores: in a file, delay costs nothing
  check(context.open2Sync(codec, null), `open the ${name} decoder`, 'file_unreadable');
  return context;
}

function factsOf(video: Stream, audio: readonly Stream[], format: FormatContext): VideoFileFacts {
  const { width, height } = video.codecpar;
  const turns = turnsOf(video.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX));
  const rate = video.avgFrameRate.num > 0 ? video.avgFrameRate : video.rFrameRate;
  const frameRate = rate.num > 0 && rate.den > 0 ? rate.num / rate.den : 25;
  const seconds = format.duration > 0n ? Number(format.duration) / 1e6 : 0;
  const told = Number(video.nbFrames);
  return {
    width: turns & 1 ? height : width,
    height: turns & 1 ? width : height,
    frameRate,
    frames: told > 0 ? told : seconds > 0 ? Math.max(1, Math.round(seconds * frameRate)) : undefined,
    turns,
    audio: audio.map((stream) => avGetCodecName(stream.codecpar.codecId) ?? 'unknown'),
  };
}

/** A 3 × 3 matrix of 32-bit integers in native order (FFmpeg's display.h); its first two tell the clockwise angle. */
function turnsOf(matrix: Buffer | null): QuarterTurns {
  if (!matrix || matrix.byteLength < 36) return 0;
  const degrees = (Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0)) * 180) / Math.PI;
  return ((Math.round(degrees / 90) + 4) % 4) as QuarterTurns;
}

function unreadable(path: string, cause: string): GatewayError {
  return new GatewayError('file_unreadable', `the video file must be readable [file:${path}] [cause:${cause}]`);
}

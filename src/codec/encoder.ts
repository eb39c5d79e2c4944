import {
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  type FFEncoderCodec,
} from 'node-av/constants';
import { Codec, CodecContext, Packet, Rational, type Frame } from 'node-av/lib';
import { assert, GatewayError } from '../errors.ts';
import { ticksBetween, VIDEO_CLOCK, type RtpTicks } from '../time.ts';
import { check } from './av.ts';
import type { EncodedChunk, EncodeOptions, Encoder, EncoderSettings, SendCodec } from './codec.ts';
import { QuantiserControl } from './encode/quantiser.ts';
import { recipesFor, type Recipe } from './encode/recipes.ts';
import { TemporalLayers } from './encode/temporal-layers.ts';
import { countNative } from './native-held.ts';
import type { WorkPicture } from './work-picture.ts';

/** Bits a second that make libvpx always use the largest quantiser it may, so that QuantiserControl decides. */
const FLOOR = 50_000;

/** How often a keyframe that came too large is made again; the second time what is known of its size is true. */
const KEYFRAME_REPEATS = 2;

/** Share of a second that H.264's rate buffer holds: bounds a keyframe, and how fast a new rate is reached. */
const VBV_SECONDS = 0.25;

/** Opens when the first picture comes. @throws TypeError if a setting is out of range */
export function createEncoder(codec: SendCodec, settings: EncoderSettings): Encoder {
  const { bitrate, frameRate = 30 } = settings;
  if (!(bitrate >= 10_000)) throw new TypeError(`bitrate must be at least 10,000 bits a second [bitrate:${bitrate}]`);
  if (!(frameRate > 0 && frameRate <= 240)) {
    throw new TypeError(`frameRate must be within 0–240 [frameRate:${frameRate}]`);
  }
  return new LiveEncoder(codec, { ...settings, frameRate });
}

/** A picture on its way into a codec. */
interface Sending {
  readonly context: CodecContext;
  readonly frame: Frame;
}

/** Encoding, with a stop wherever another thread may take over: here or there, it is the same encoding. */
type Steps<T> = Generator<Sending, T, number>;

interface MadeKeyframe {
  readonly data: Uint8Array;
  readonly quantiser: number;
  readonly tooLarge: boolean;
}

class LiveEncoder implements Encoder {
  readonly codec: SendCodec;
  readonly #packet = new Packet();
  readonly #quantiser: QuantiserControl;
  readonly #nominalRate: number;
  readonly #layers: TemporalLayers;
  readonly #nalLimit: number | undefined;
  readonly #onFallback: (reason: string) => void;
  /** The first is in use; those after it are tried where it fails. */
  readonly #recipes: Recipe[];
  #context: CodecContext | undefined;
  #bitrate: number;
  /** Rate or frame rate have changed since the context was told. */
  #planDue = false;
  /** Smoothed frames a second, as the timestamps say: a camera in the dark sends half of what it promised. */
  #frameRate: number;
  #lastTimestamp: RtpTicks | undefined;
  #count = 0n;
  #closed = false;
  /** Another thread is in its context. */
  #isAside = false;

  constructor(codec: SendCodec, settings: EncoderSettings & { readonly frameRate: number }) {
    const { bitrate, frameRate, temporalLayers = 1, nalLimit, hardware, onFallback } = settings;
    this.codec = codec;
    this.#layers = new TemporalLayers(codec === 'h264' ? 1 : temporalLayers);
    this.#nalLimit = codec === 'h264' ? nalLimit : undefined;
    this.#onFallback = onFallback ?? (() => undefined);
    // Devices give slices as long as they come.
    this.#recipes = [...recipesFor(codec, this.#nalLimit === undefined ? hardware : undefined)];
    this.#bitrate = bitrate;
    this.#nominalRate = frameRate;
    this.#frameRate = frameRate;
    this.#quantiser = new QuantiserControl(bitrate, frameRate);
    this.#packet.alloc();
    countNative('codecs', 1);
  }

  encode(input: WorkPicture, options: EncodeOptions): EncodedChunk {
    const steps = this.#steps(input, options);
    let step = steps.next();
    while (!step.done) step = steps.next(step.value.context.sendFrameSync(step.value.frame));
    return step.value;
  }

  async encodeAside(input: WorkPicture, options: EncodeOptions): Promise<EncodedChunk> {
    const steps = this.#steps(input, options);
    let step = steps.next();
    while (!step.done) step = steps.next(await this.#sendAside(step.value));
    return step.value;
  }

  setBitrate(bitsPerSecond: number): void {
    if (!(bitsPerSecond >= 10_000)) throw new TypeError(`bitrate must be at least 10,000 [bitrate:${bitsPerSecond}]`);
    this.#bitrate = bitsPerSecond;
    this.#planDue = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#isAside) this.#free();
  }

  /** Encodes one picture; each picture yielded is to be sent into its context, and the result given back. */
  *#steps(input: WorkPicture, options: EncodeOptions): Steps<EncodedChunk> {
    if (this.#closed) throw new GatewayError('closed', 'an encoder must be open to encode');
    assert(!this.#isAside, 'an encoder takes one picture at a time');
    this.#followFrameRate(options);
    if (this.#planDue) this.#applyPlan();
    const data = yield* this.#tried(input, options.keyframe);
    const keyframe = this.#packet.isKeyframe;
    this.#packet.unref();
    const temporal = this.#layers.came(keyframe);
    return { codec: this.codec, data, timestamp: options.timestamp, keyframe, ...(temporal && { temporal }) };
  }

  /** A context must be left alone while another thread is in it: one that is closed meanwhile is freed afterwards. */
  async #sendAside({ context, frame }: Sending): Promise<number> {
    this.#isAside = true;
    try {
      const result = await context.sendFrame(frame);
      if (this.#closed) throw new GatewayError('closed', 'an encoder must stay open while it encodes');
      return result;
    } finally {
      this.#isAside = false;
      if (this.#closed) this.#free();
    }
  }

  #free(): void {
    this.#context?.freeContext();
    this.#layers.close();
    this.#packet.free();
    countNative('codecs', -1);
  }

  *#once(input: WorkPicture, keyframe: boolean): Steps<Uint8Array> {
    const { width, height } = input.picture;
    const { context, fresh } = this.#opened(width, height);
    const forced = keyframe || fresh;
    return this.#recipe.rate === 'quantiser'
      ? yield* this.#runByQuantiser(context, input, forced, width * height)
      : yield* this.#run(context, input, forced);
  }

  /** What a device fails at is done once more by the recipe after it. */
  *#tried(input: WorkPicture, keyframe: boolean): Steps<Uint8Array> {
    try {
      return yield* this.#once(input, keyframe);
    } catch (error) {
      if (this.#closed || this.#recipes.length === 1 || !(error instanceof GatewayError)) throw error;
      this.#onFallback(error.message);
      this.#context?.freeContext();
      this.#context = undefined;
      this.#recipes.shift();
      return yield* this.#once(input, keyframe);
    }
  }

  get #recipe(): Recipe {
    const [recipe] = this.#recipes;
    assert(recipe, 'software is never given up');
    return recipe;
  }

  *#runByQuantiser(context: CodecContext, input: WorkPicture, forced: boolean, pixels: number): Steps<Uint8Array> {
    if (!forced) {
      const quantiser = this.#quantiser.forDelta();
      context.qMax = quantiser;
      const data = yield* this.#run(context, input, false);
      const bits = data.byteLength * 8;
      if (!this.#quantiser.deltaTried(bits, quantiser)) {
        this.#quantiser.deltaCame(bits, this.#layers.share);
        return data;
      }
      this.#packet.unref();
    }
    let made = yield* this.#keyframe(context, input, pixels);
    for (let again = 0; made.tooLarge && again < KEYFRAME_REPEATS; again++) {
      // A keyframe needs nothing before it, so it can be thrown away and made again.
      this.#packet.unref();
      made = yield* this.#keyframe(context, input, pixels);
    }
    this.#quantiser.keyframeCame(made.data.byteLength * 8, made.quantiser);
    return made.data;
  }

  *#keyframe(context: CodecContext, input: WorkPicture, pixels: number): Steps<MadeKeyframe> {
    const quantiser = this.#quantiser.forKeyframe(pixels);
    context.qMax = quantiser;
    const data = yield* this.#run(context, input, true);
    return { data, quantiser, tooLarge: this.#quantiser.keyframeTried(data.byteLength * 8, quantiser) };
  }

  *#run(context: CodecContext, input: WorkPicture, keyframe: boolean): Steps<Uint8Array> {
    const frame = input.native;
    this.#layers.mark(frame, keyframe);
    frame.pictType = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    frame.pts = this.#count++;
    check(yield { context, frame }, `encode a picture [codec:${this.codec}]`);
    this.#layers.unmark(frame);
    check(context.receivePacketSync(this.#packet), `give the encoded picture at once [codec:${this.codec}]`);
    const data = this.#packet.data;
    if (!data) throw new GatewayError('codec_failed', `an encoded picture has bytes [codec:${this.codec}]`);
    return new Uint8Array(data); // a copy: the packet's memory goes with it
  }

  /** libvpx reads past the end of a picture smaller than it was opened for, so a new size means a new context. */
  #opened(width: number, height: number): { context: CodecContext; fresh: boolean } {
    const now = this.#context;
    if (now && now.width === width && now.height === height) return { context: now, fresh: false };
    now?.freeContext();
    this.#context = undefined;
    const context = this.#open(width, height);
    this.#context = context;
    this.#applyPlan();
    return { context, fresh: true };
  }

  #open(width: number, height: number): CodecContext {
    const { encoder, options } = this.#recipe;
    const found = Codec.findEncoderByName(encoder as FFEncoderCodec);
    if (!found) throw new GatewayError('codec_failed', `this build must have an encoder [encoder:${encoder}]`);
    const context = new CodecContext();
    context.allocContext3(found);
    context.width = width;
    context.height = height;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = AVCOL_SPC_SMPTE170M;
    const rate = Math.round(this.#nominalRate * 1000);
    context.timeBase = new Rational(1000, rate);
    context.framerate = new Rational(rate, 1000);
    context.gopSize = 100_000; // keyframes come when they are asked for
    context.maxBFrames = 0;
    context.threadCount = 1;
    this.#setRates(context);
    const limit = this.#nalLimit === undefined ? {} : { 'slice-max-size': String(this.#nalLimit) };
    for (const [name, value] of Object.entries({ ...options, ...limit })) {
      check(context.setOption(name, value), `set an encoder option [option:${name}]`);
    }
    // Never with a Dictionary: node-av 6.1.1 frees it twice.
    const result = context.open2Sync(found, null);
    if (result < 0) context.freeContext();
    check(result, `open the ${encoder} encoder [size:${width}x${height}]`);
    return context;
  }

  #applyPlan(): void {
    this.#planDue = false;
    this.#quantiser.plan(this.#bitrate, this.#frameRate);
    if (this.#context && this.#recipe.rate === 'buffer') this.#setRates(this.#context);
  }

  #setRates(context: CodecContext): void {
    const byQuantiser = this.#recipe.rate === 'quantiser';
    // x264 counts frames, not time: at fewer frames a second each may have more bits.
    const bitrate = byQuantiser ? FLOOR : (this.#bitrate * this.#nominalRate) / this.#frameRate;
    context.bitRate = BigInt(Math.round(bitrate));
    context.rcMaxRate = BigInt(Math.round(bitrate));
    // A constant rate, in libvpx's eyes: with a variable one VP9 makes keyframes as fine as it likes, and of its own.
    if (byQuantiser) context.rcMinRate = BigInt(FLOOR);
    context.rcBufferSize = Math.round(byQuantiser ? FLOOR : this.#bitrate * VBV_SECONDS);
  }

  #followFrameRate({ timestamp, frameRate }: EncodeOptions): void {
    const last = this.#lastTimestamp;
    this.#lastTimestamp = timestamp;
    if (frameRate !== undefined) {
      this.#frameRate = frameRate;
      this.#planDue = true;
      return;
    }
    const ticks = last === undefined ? 0 : ticksBetween(last, timestamp);
    // A pause or a jump of the clock says nothing about the rate.
    if (ticks <= 0 || ticks > VIDEO_CLOCK) return;
    const interval = 1 / this.#frameRate + (ticks / VIDEO_CLOCK - 1 / this.#frameRate) * 0.05;
    const rate = Math.min(240, Math.max(1, 1 / interval));
    const settled = Math.abs(rate - this.#frameRate) / this.#frameRate < 0.001;
    this.#frameRate = rate;
    if (!settled) this.#planDue = true;
  }
}

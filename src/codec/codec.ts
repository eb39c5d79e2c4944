import type { CaptureTime, Chunk, SendCodec, TemporalPlace, VideoCodec } from '../media/chunk.ts';
import type { RtpTicks } from '../time.ts';
import type { HardwareSettings } from './hardware.ts';
import type { LayerCount } from './encode/temporal-layers.ts';
import type { WorkPicture } from './work-picture.ts';

export type { SendCodec } from '../media/chunk.ts';

/** What decoding one chunk gave. */
export type Decoded =
  /** A picture is ready, and stays so until a later chunk gives another: `copyTo` fetches it. Size in pixels. */
  | { readonly kind: 'picture'; readonly width: number; readonly height: number }
  /** Nothing to show for this chunk; an earlier picture is still there for `copyTo`. */
  | { readonly kind: 'none' }
  /** The chunk does not decode: the caller asks for a keyframe and drops chunks until it comes. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** It decodes, but is larger than the settings allow: a keyframe will not help, the sender must send less. */
  | { readonly kind: 'too-large'; readonly width: number; readonly height: number };

/**
 * Chunks in, pictures out, without delay: one call, one picture. Synchronous; call it in a pixel thread only.
 * Copying is a step of its own: where a newer chunk waits, decode that first and copy only the newest picture.
 */
export interface Decoder {
  readonly codec: VideoCodec;
  /** Chunks must come in order, without holes, from a keyframe on. Follows a change of size by itself. */
  decode(chunk: Chunk): Decoded;
  /** Copies the newest picture into `work`, which takes its size. False if no picture has been decoded. */
  copyTo(work: WorkPicture): boolean;
  /** Idempotent. */
  close(): void;
}

export interface DecoderSettings extends HardwareSettings {
  /** Longest side that is accepted, pixels; default 1920. */
  readonly maximumSide?: number;
}

/** Pictures in, chunks out, without delay: one call, one chunk, one call at a time. For pixel threads only. */
export interface Encoder {
  readonly codec: SendCodec;
  /**
   * Encodes one picture and leaves it as it is. A change of size reopens the codec and gives a keyframe; a new scene may
   * be made one, to bound its size. The bytes are the caller's, alone in their ArrayBuffer, so that they can be
   * transferred.
   * @throws GatewayError codec_failed, closed
   */
  encode(input: WorkPicture, options: EncodeOptions): EncodedChunk;
  /**
   * As `encode`, while this thread goes on: another one of the process encodes. The picture must stay as it is until it is done;
   * a new bitrate waits until then. @throws GatewayError as `encode`; closed too if it is closed meanwhile
   */
  encodeAside(input: WorkPicture, options: EncodeOptions): Promise<EncodedChunk>;
  /** Bits a second from the next frame on, without a keyframe. */
  setBitrate(bitsPerSecond: number): void;
  /** Idempotent. */
  close(): void;
}

export interface EncodeOptions {
  /** Force a keyframe. */
  readonly keyframe: boolean;
  /** Goes through to the chunk. */
  readonly timestamp: RtpTicks;
  /** Frames a second from here on, where that has just changed; left out: as the timestamps have been saying. */
  readonly frameRate?: number;
}

/** One access unit from an encoder. H.264: Annex B with parameter sets before each IDR. */
export interface EncodedChunk {
  readonly codec: SendCodec;
  readonly data: Uint8Array;
  readonly timestamp: RtpTicks;
  readonly keyframe: boolean;
  /** Of the input frame, if its sender told it: whoever has the picture encoded adds it. */
  readonly captureTime?: CaptureTime;
  /** Where the encoder makes temporal layers. */
  readonly temporal?: TemporalPlace;
}

export interface EncoderSettings extends HardwareSettings {
  /** Bits a second at the start. */
  readonly bitrate: number;
  /** Frames a second that the rate control plans for; default 30. */
  readonly frameRate?: number;
  /** Temporal layers of VP8 and VP9, 1–3; default 1. Keyframes begin the pattern anew. H.264 always has one. */
  readonly temporalLayers?: LayerCount;
  /** Longest NAL unit of H.264, bytes; default: any. For receivers that take no fragments. */
  readonly nalLimit?: number;
}

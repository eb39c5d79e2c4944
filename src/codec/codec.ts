import type { Chunk, VideoCodec } from '../media/chunk.ts';
import type { I420 } from '../media/plane.ts';
import type { RtpTicks } from '../time.ts';

/** Codecs that can be sent: their rate can be changed live. */
export type SendCodec = Extract<VideoCodec, 'vp8' | 'h264'>;

/** What decoding one chunk gave. */
export type Decoded =
  /** `picture` is valid until the next call on the same decoder: copy it into a WorkPicture. */
  | { readonly kind: 'picture'; readonly picture: I420 }
  /** Nothing to show for this chunk. */
  | { readonly kind: 'none' }
  /** The chunk does not decode: the caller asks for a keyframe and drops chunks until it comes. */
  | { readonly kind: 'broken'; readonly reason: string };

/** Chunks in, pictures out, without delay: one call, one picture. Synchronous; call it in a pixel thread only. */
export interface Decoder {
  readonly codec: VideoCodec;
  /** Chunks must come in order, without holes, from a keyframe on. Follows a change of size by itself. */
  decode(chunk: Chunk): Decoded;
  /** Idempotent. */
  close(): void;
}

/** A picture to encode. Implemented by WorkPicture, the one owner of encoder input. */
export interface EncoderInput {
  readonly picture: I420;
}

/** Pictures in, chunks out, without delay: one call, one chunk. Synchronous; call it in a pixel thread only. */
export interface Encoder<Input extends EncoderInput = EncoderInput> {
  readonly codec: SendCodec;
  /** Encodes one picture. A change of size reopens the codec and gives a keyframe. The bytes are the caller's. */
  encode(input: Input, options: EncodeOptions): EncodedChunk;
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
}

/** One access unit from an encoder. H.264: Annex B with parameter sets before each IDR. */
export interface EncodedChunk {
  readonly codec: SendCodec;
  readonly data: Uint8Array;
  readonly timestamp: RtpTicks;
  readonly keyframe: boolean;
}

export interface EncoderSettings {
  /** Bits a second at the start. */
  readonly bitrate: number;
  /** Frames a second that the rate control plans for; default 30. */
  readonly frameRate?: number;
}

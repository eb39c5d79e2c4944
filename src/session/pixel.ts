/**
 * What the two halves of a session say to each other: its I/O half (transport, RTP) and its pixel half (codecs, face,
 * swap). They live in different threads; only plain data crosses, `data` buffers are transferred, not copied.
 */
import type { EncodedChunk, SendCodec } from '../codec/codec.ts';
import type { Chunk } from '../media/chunk.ts';
import type { Consent, PreparedIdentity } from '../swap/swap.ts';
import type { Milli } from '../time.ts';
import type { Wearer } from './cast/cast.ts';
import type { SessionSettings } from './settings.ts';
import type { Station } from './statistics.ts';

/** Chunks that may be on their way to or waiting in a pixel thread for one session: 2 s at 30 fps. */
export const CHUNK_CREDITS = 60;

/** A prepared identity, or the name of a painted mask (`mask:NAME`), or nobody: then every face is hidden. */
export type WornIdentity = PreparedIdentity | `mask:${string}` | null;

/** Who is worn by whom; what is left out stays as it is. */
export interface WornCast {
  readonly identity?: WornIdentity;
  readonly wearers?: readonly Wearer<WornIdentity | 'own'>[];
}

/** A session that is watched may be encoded twice: as it is, and smaller for those whose way carries less. */
export type Encoding = 'main' | 'small';

export type ToPixel =
  | {
      readonly type: 'open';
      readonly session: string;
      readonly settings: SessionSettings;
      readonly codec: SendCodec;
      /** Longest NAL unit that the receiver takes, bytes; left out: any. */
      readonly nalLimit?: number;
      readonly identity: WornIdentity;
      readonly wearers?: WornCast['wearers'];
    }
  | { readonly type: 'close'; readonly session: string }
  /** Costs one credit, given back by `credit` when the chunk has been decoded or dropped. */
  | { readonly type: 'chunk'; readonly session: string; readonly chunk: Chunk }
  /** Answered by `changed`. */
  | ({ readonly type: 'identity'; readonly session: string } & WornCast)
  /** What the recogniser made of a face; null: it could not say. */
  | {
      readonly type: 'recognised';
      readonly session: string;
      readonly face: number;
      readonly embedding: Float32Array | null;
    }
  | { readonly type: 'settings'; readonly session: string; readonly settings: SessionSettings }
  | { readonly type: 'bitrate'; readonly session: string; readonly bitsPerSecond: number }
  /** Of the small encoding, which there is only while somebody needs it; null: nobody does any more. */
  | { readonly type: 'small'; readonly session: string; readonly bitsPerSecond: number | null }
  /** A receiver asked for a keyframe. */
  | { readonly type: 'keyframe'; readonly session: string; readonly encoding?: Encoding };

/**
 * What a sent picture shows of the faces in it. `clear`: no face, or the policy allows it. `reused`: swapped, but by the new face
 * of the frame before.
 */
export type Outcome = 'swapped' | 'reused' | 'hidden' | 'clear';

export type FromPixel =
  | {
      readonly type: 'chunk';
      readonly session: string;
      readonly chunk: EncodedChunk;
      /** Default main. */
      readonly encoding?: Encoding;
      readonly outcome: Outcome;
      /** Of the input frame. */
      readonly decodable: Milli;
      readonly deadline: Milli;
    }
  /** Chunks do not decode; a keyframe must be asked for. */
  | { readonly type: 'need-keyframe'; readonly session: string }
  | { readonly type: 'credit'; readonly session: string; readonly count: number }
  | { readonly type: 'face'; readonly session: string; readonly event: 'found' | 'lost'; readonly id: number }
  | { readonly type: 'changed'; readonly session: string }
  /** Whose face is it? [112, 112, 3] uint8, RGB, as recognisers take it. Answered by `recognised`. */
  | { readonly type: 'recognise'; readonly session: string; readonly face: number; readonly crop: Uint8Array }
  | { readonly type: 'figures'; readonly session: string; readonly figures: PixelFigures }
  | { readonly type: 'failed'; readonly session: string; readonly code: string; readonly message: string };

/** Counts since the session opened; sent every second. */
export interface PixelFigures {
  /** Of the pictures that are worked on, pixels; 0 before the first. */
  readonly width: number;
  readonly height: number;
  /** Of the picture that was sent last, pixels; 0 before the first. */
  readonly sentWidth: number;
  readonly sentHeight: number;
  /** Frames a second that are sent at most, as the way to the peer carries no more; null if all are. */
  readonly frameRateLimit: number | null;
  readonly decoded: number;
  readonly swapped: number;
  readonly reused: number;
  readonly hidden: number;
  readonly clear: number;
  /** Frame times at which nothing was sent because of a hold. */
  readonly held: number;
  readonly faces: number;
  /** How far the session is degraded while there is too much for the swap networks. */
  readonly level: number;
  /** Milliseconds of GPU workers that went into its frames. */
  readonly gpu: Milli;
  /** By `stage:reason`. */
  readonly drops: Record<string, number>;
  /** Milliseconds of the last second in which the thread was at work for this session. */
  readonly worked: Milli;
  /** Mean milliseconds of the last second by station: decode, copy, track, swap, composite, encode. */
  readonly stations: Readonly<Partial<Record<Station, Milli>>>;
}

/** Processor time of a whole frame of 640×480 with one face, by the codec it is sent in: milliseconds. */
export interface FrameCost {
  readonly vp8: Milli;
  readonly h264: Milli;
}

/** Judging and preparing photos, in a thread of its own so that no live frame waits for it. */
export interface PhotoRequest {
  readonly request: number;
  /** A photo's file, or a form (multipart/form-data) with several. */
  readonly body: Uint8Array;
  /** What a form's head says it is; anything else is a photo. */
  readonly type: string;
  readonly consent: Consent;
}

export type PhotoReply =
  | {
      readonly request: number;
      readonly ok: true;
      readonly identity: PreparedIdentity;
      readonly warnings: readonly { readonly code: string; readonly message: string }[];
      /** Photos that were left out, by their place from 1. */
      readonly refusals: readonly { readonly photo: number; readonly code: string; readonly message: string }[];
      /** PNG of the face, 128 × 128. */
      readonly thumbnail: Uint8Array;
    }
  | { readonly request: number; readonly ok: false; readonly code: string; readonly message: string };

import type { SendCodec } from '../codec/codec.ts';
import type { Milli } from '../time.ts';

/** What a session did over the last second. Counts are of that second. */
export interface SessionFigures {
  /** Chunks that came whole and chunks that were sent, a second. */
  readonly fpsIn: number;
  readonly fpsOut: number;
  /** Of the pictures that are worked on, pixels; 0 before the first. */
  readonly width: number;
  readonly height: number;
  /** From the last packet of a frame in to its last packet out, milliseconds; 0 if none was sent. */
  readonly latencyP50: Milli;
  readonly latencyP99: Milli;
  /** Frames given up, by `stage:reason`. */
  readonly drops: Record<string, number>;
  /** Sent pictures by what they show. */
  readonly swapped: number;
  readonly hidden: number;
  readonly clear: number;
  /** Frame times at which nothing was sent because of a hold. */
  readonly held: number;
  /** Bits a second of video. */
  readonly bitrateIn: number;
  readonly bitrateOut: number;
  /** To the peer, milliseconds; null before the first measurement. */
  readonly roundTrip: Milli | null;
  /** Codec of the way back. */
  readonly codec: SendCodec;
  /** Faces in the newest picture. */
  readonly faces: number;
  /** Milliseconds of a pixel thread that one second of this session takes. */
  readonly busy: Milli;
}

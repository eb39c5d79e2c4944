import type { SendCodec } from '../codec/codec.ts';
import type { Milli } from '../time.ts';

/** The stations of a frame whose time is told. */
export const STATIONS = ['decode', 'copy', 'track', 'swap', 'composite', 'encode', 'encode-small'] as const;
export type Station = (typeof STATIONS)[number];

/** How the way to the caller is, and what is done about it. */
export interface WayFigures {
  /** Bits a second that the way back carries; null before the caller has said anything about it. */
  readonly estimate: number | null;
  /** How long the way needs for what waits to be sent, milliseconds. */
  readonly queue: Milli;
  /** How long the receiver is asked to hold pictures back so that resends are in time, milliseconds: 0–400. */
  readonly playoutDelay: Milli;
  /** Packets that were sent again in the last second. */
  readonly resent: number;
  /** Fraction of packets, 0–1, that was lost in the last second: on the way back, and on the way here. */
  readonly lossOut: number;
  readonly lossIn: number;
  /** Of the picture that was sent last, pixels: smaller than `width`, `height` where the way carries no more. */
  readonly sentWidth: number;
  readonly sentHeight: number;
  /** Frames a second that are sent at most for the same reason; null if all are. */
  readonly frameRateLimit: number | null;
}

/** What a session did over the last second. Counts are of that second. */
export interface SessionFigures extends WayFigures {
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
  readonly reused: number;
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
  /** How far the session is degraded while there is too much for the swap networks. */
  readonly level: number;
  /** Milliseconds of GPU workers that went into its frames. */
  readonly gpu: Milli;
  /** Milliseconds of a pixel thread that one second of this session takes. */
  readonly busy: Milli;
  /** The same by station. */
  readonly stations: Readonly<Partial<Record<Station, Milli>>>;
  /** Milliseconds in which the thread was really at work, without what was given up on the way. */
  readonly worked: Milli;
}

import type { Milli, RtpTicks } from '../time.ts';

/** The video codecs that Guise knows; all are received. */
export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';

/** The codecs that are sent: those that src/codec/encoder.contract.test.ts finds to follow a new rate live. */
export const SEND_CODECS = ['vp8', 'h264', 'vp9'] as const satisfies readonly VideoCodec[];
export type SendCodec = (typeof SEND_CODECS)[number];

/** True if `name` is a codec that is sent. */
export function isSendCodec(name: string): name is SendCodec {
  return SEND_CODECS.some((codec) => codec === name);
}

/**
 * Where a chunk stands among temporal layers. It needs the newest chunk of layer 0 and, unless `sync`, the newest of each
 * layer between: nothing else, so that the layers above any one can be left out at any time.
 */
export interface TemporalPlace {
  readonly layer: 0 | 1 | 2;
  /** Needs the newest chunk of layer 0 only, or, as a keyframe, nothing. */
  readonly sync: boolean;
  /** False: no other chunk needs it. */
  readonly referenced: boolean;
}

/** When a frame was captured, on the clock of whoever captured it: NTP seconds, and 1/2³² of them. */
export interface CaptureTime {
  readonly high: number;
  readonly low: number;
  /** That clock minus the clock of whom the frame came from, ms; left out if unknown. */
  readonly clockOffset?: Milli;
}

/**
 * One encoded access unit. H.264 is Annex B (start codes), VP8, VP9 and AV1 one whole frame
 * (AV1: a temporal unit in low-overhead format, as decoders take it).
 */
export interface Chunk {
  readonly codec: VideoCodec;
  readonly data: Uint8Array;
  /** RTP timestamp, 90 kHz. */
  readonly timestamp: RtpTicks;
  readonly keyframe: boolean;
  /** Instant at which the last packet needed to decode it had arrived, or it was let go. The deadline is this plus the budget. */
  readonly decodable: Milli;
  /** True if later chunks may refer to it; an unreferenced one may be skipped without harm. */
  readonly referenced: boolean;
  /** When the frame was captured, if its sender says so. */
  readonly captureTime?: CaptureTime;
  /** Clockwise turns of 90° needed to show the picture upright (RTP video-orientation), 0–3. */
  readonly rotation?: 0 | 1 | 2 | 3;
}

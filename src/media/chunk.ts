import type { Milli, RtpTicks } from '../time.ts';

/** The video codecs that Guise knows. Sent: vp8, h264. Received: all. */
export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1';

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
  /** Instant at which the last packet needed to decode it had arrived. The deadline is this plus the budget. */
  readonly decodable: Milli;
  /** True if later chunks may refer to it; an unreferenced one may be skipped without harm. */
  readonly referenced: boolean;
  /** Clockwise turns of 90° needed to show the picture upright (RTP video-orientation), 0–3. */
  readonly rotation?: 0 | 1 | 2 | 3;
}

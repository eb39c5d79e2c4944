import type { CaptureTime, VideoCodec } from '../../media/chunk.ts';
import type { Milli, RtpTicks } from '../../time.ts';
import type { Depacketizer } from '../video/depacketizer.ts';

/** A video packet on its way into a frame: unwrapped from RTX, its sequence number extended. */
export interface MediaPacket {
  /** Sequence number that never wraps; orders all packets of the source. */
  readonly position: number;
  readonly timestamp: RtpTicks;
  readonly marker: boolean;
  readonly payload: Uint8Array;
  readonly arrived: Milli;
  readonly codec: VideoCodec;
  readonly depacketizer: Depacketizer;
  /** Clockwise quarter turns, from the video-orientation extension; `undefined` without. */
  readonly rotation: 0 | 1 | 2 | 3 | undefined;
  /** From the abs-capture-time extension; `undefined` without. */
  readonly captureTime: CaptureTime | undefined;
}

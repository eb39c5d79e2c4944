import type { Milli, RtpTicks } from '../time.ts';
import type { I420 } from './plane.ts';

/**
 * One decoded picture with exactly one owner. Passing it on gives it away; whoever drops it closes it.
 * `picture` must not be used after `close()`.
 */
export interface Frame {
  readonly picture: I420;
  /** RTP timestamp of the chunk it came from. */
  readonly timestamp: RtpTicks;
  /** Instant by which it must have left the encoder. */
  readonly deadline: Milli;
  close(): void;
}

import type { SendCodec } from '../../../src/codec/codec.ts';
import type { Milli } from '../../../src/time.ts';
import type { AnswerReport } from '../impair/parent-relay.ts';
import type { BenchIdentity } from '../local-swap.ts';
import type { Repair } from './stream.ts';

/** What the load client is asked to do; its one argument, as JSON. */
export interface LoadOrder {
  readonly gateway: string;
  readonly streams: number;
  /** Measured seconds, after the warm-up. */
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly codec: SendCodec;
  /** Milliseconds a frame may take. */
  readonly budget: Milli;
  readonly identity: BenchIdentity;
  /** Swaps by this recipe of the gateway's. What it makes is not known here: that a frame is swapped is told by the gateway. */
  readonly recipe?: string;
  readonly seed: number;
  /** The way is spoiled: answers are to be led through the parent's relay, and a frame has 400 ms. */
  readonly impaired: boolean;
  /** Streams begin one after the other, and those that the gateway has no room for are left out. */
  readonly admitted?: boolean;
  /** Tells of every frame of each stream. */
  readonly record?: boolean;
}

/** What the load client says while it works: lines of JSON on stdout, each with a `type`. */
export type LoadReport =
  /** All streams have had their first answer; the measured time begins or ends. */
  { readonly type: 'begin' | 'end' } | AnswerReport | { readonly type: 'result'; readonly result: LoadResult };

/** What one caller saw in the measured time, at instants of the clock that all processes of this host share. */
export interface StreamRecord {
  /** The session was over before the caller left. */
  readonly ended: boolean;
  /** When each frame was sent, and when it was back; null: never. */
  readonly frames: readonly { readonly sent: Milli; readonly back: Milli | null }[];
  /** What the gateway told of the last second's frames, and when that came. */
  readonly told: readonly Told[];
}

/** Frames of a second that were sent hidden, and wearing the swap of the frame before. */
export interface Told {
  readonly at: Milli;
  readonly hidden: number;
  readonly reused: number;
}

export interface LoadResult {
  /** Streams that the gateway had no room for. */
  readonly refused: number;
  /** Frames sent in the measured time, all streams. */
  readonly sentFrames: number;
  /** Of these: back, with the identity's face, within the budget's limit. */
  readonly onTime: number;
  /** On time of the worst stream, fraction. */
  readonly worstOnTime: number;
  /** Frames that came back in the measured time, per stream and second. */
  readonly deliveredFps: number;
  /** Milliseconds from last packet in to last packet out, of every frame that came back. */
  readonly latencies: readonly number[];
  /** Milliseconds from the offer to the first frame with the identity's face, worst stream. */
  readonly firstFrameMs: number;
  /** From the offer to the connection, and to the first frame of any kind, worst stream. */
  readonly connectedMs: number;
  readonly firstReturnMs: number;
  /** Frames that did not show the identity, of those that came back. */
  readonly notSwapped: number;
  readonly exposed: number;
  /** Outputs that answer no input, units that did not decode, keyframes asked of the client. */
  readonly strays: number;
  readonly undecodable: number;
  /** What was done about loss from the start on, all streams. */
  readonly repair: Repair;
  readonly keyframeRequests: number;
  /** Least PSNR of a background, dB, and how many pictures were looked at. */
  readonly background: number;
  readonly looked: number;
  readonly pictureOk: boolean;
  /** By how much the client's own loop was late, ms. */
  readonly clientLoopP99: number;
  /** From the gateway's statistics, summed over the measured time. */
  readonly drops: Readonly<Record<string, number>>;
  /** Of each stream, if that was asked for. */
  readonly records?: readonly StreamRecord[];
}

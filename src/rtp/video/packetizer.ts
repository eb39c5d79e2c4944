import type { SendCodec, TemporalPlace } from '../../media/chunk.ts';

/** A payload as the pieces to be joined: views of the chunk's own bytes and small headers, so that nothing is copied twice. */
export type Payload = readonly Uint8Array[];

/** Whole frames of one codec to RTP payloads. */
export interface Packetizer {
  readonly codec: SendCodec;
  /**
   * The payloads of one access unit, in order; the last one gets the marker. Empty if there is nothing to send.
   * @param budget most bytes of a payload; at least 64
   */
  packetize(frame: WholeFrame, budget: number): Payload[];
}

/** What a packetizer takes of a chunk. */
export interface WholeFrame {
  /** As `Chunk.data`; the payloads are views into it. */
  readonly data: Uint8Array;
  readonly keyframe: boolean;
  readonly temporal?: TemporalPlace;
}

/** How many payloads of at most `room` bytes `size` bytes need, and how long each is so that all are about equal. */
export function evenly(size: number, room: number): number {
  return Math.ceil(size / Math.ceil(size / room));
}

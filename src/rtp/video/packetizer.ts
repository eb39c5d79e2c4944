/** A payload as the pieces to be joined: views of the chunk's own bytes and small headers, so that nothing is copied twice. */
export type Payload = readonly Uint8Array[];

/** Whole frames of one codec to RTP payloads. */
export interface Packetizer {
  readonly codec: 'vp8' | 'h264';
  /**
   * The payloads of one access unit, in order; the last one gets the marker. Empty if there is nothing to send.
   * @param data as `Chunk.data`; the payloads are views into it
   * @param budget most bytes of a payload; at least 64
   */
  packetize(data: Uint8Array, budget: number): Payload[];
}

/** How many payloads of at most `room` bytes `size` bytes need, and how long each is so that all are about equal. */
export function evenly(size: number, room: number): number {
  return Math.ceil(size / Math.ceil(size / room));
}

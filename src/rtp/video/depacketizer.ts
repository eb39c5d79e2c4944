import type { VideoCodec } from '../../media/chunk.ts';

/** What joining the payloads of one frame gave. */
export type Assembled =
  | {
      readonly kind: 'frame';
      /** In the format that `Chunk.data` has; fills its own buffer, so that it can be transferred to another thread. */
      readonly data: Uint8Array;
      readonly keyframe: boolean;
      /** False only if the sender says that no later frame refers to it. */
      readonly referenced: boolean;
    }
  /** Nothing to decode, e.g. parameter sets sent ahead; they are remembered. */
  | { readonly kind: 'nothing' }
  /** The payloads contradict the format. */
  | { readonly kind: 'broken'; readonly reason: string };

/** Payloads of one codec to whole frames. Keeps only what the format lets a sender leave out later (parameter sets). */
export interface Depacketizer {
  readonly codec: VideoCodec;
  /**
   * True if decoding can begin at the packet with this payload: it is the first of a keyframe. Never throws. To be asked of
   * every payload, as it comes: what may be sent ahead (parameter sets) is remembered.
   */
  beginsKeyframe(payload: Uint8Array): boolean;
  /** Joins the payloads of one frame: all of them, in order, none empty. Never throws. */
  assemble(payloads: readonly Uint8Array[]): Assembled;
}

export function broken(reason: string): Assembled {
  return { kind: 'broken', reason };
}

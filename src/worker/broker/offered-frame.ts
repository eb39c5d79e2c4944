import { GatewayError } from '../../errors.ts';
import type { DropReason } from '../../schedule/drop.ts';
import type { CropSource, SwappedPixels } from '../../swap/neural/crop-lane.ts';
import type { Milli } from '../../time.ts';
import type { FrameEnd } from '../wire/broker-protocol.ts';

/** How a frame ended; faces only if it was swapped. */
export interface FrameOutcome {
  readonly end: FrameEnd;
  readonly faces?: readonly SwappedPixels[];
  /** Time of a GPU worker that went into it; left out: none. */
  readonly spent?: Milli;
}

/** A frame that is to be swapped, as it comes from a pixel thread. */
export interface OfferedFrame {
  readonly crops: readonly Uint8Array[];
  readonly deadline: Milli;
  /** How much of its recipe's enhancer it takes, 0..1. */
  readonly enhance: number;
  /** Of each crop; bytes are left out if the lane's frame before, or a crop before, had the same. */
  readonly sources: readonly { readonly hash: string; readonly bytes: Uint8Array | undefined }[];
  /** Called exactly once. */
  readonly settle: (outcome: FrameOutcome) => void;
}

/**
 * A frame's sources with their bytes.
 * @param before those of the lane's frame before. @param sourceBytes of a source of its recipe
 * @throws GatewayError identity_unknown, message_invalid
 */
export function sourcesOf(
  { sources }: OfferedFrame,
  { before, sourceBytes }: { readonly before: readonly CropSource[]; readonly sourceBytes: number },
): readonly CropSource[] {
  const known = new Map(before.map((source) => [source.hash, source]));
  return sources.map(({ hash, bytes }) => {
    if (bytes !== undefined && bytes.length !== sourceBytes) {
      throw new GatewayError('message_invalid', `a source must be what its recipe takes [bytes:${bytes.length}]`);
    }
    if (bytes !== undefined) known.set(hash, { hash, bytes });
    const source = known.get(hash);
    if (source === undefined) throw new GatewayError('identity_unknown', 'the bytes of a new source must come with it');
    return source;
  });
}

/** How a frame ends that the scheduler gives up. */
export function endOf(reason: DropReason): FrameEnd {
  switch (reason) {
    case 'late':
    case 'replaced':
    case 'thinned':
    case 'closed':
    case 'lost':
      return reason;
    default:
      return 'failed';
  }
}

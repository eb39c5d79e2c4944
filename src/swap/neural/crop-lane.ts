import type { Milli } from '../../time.ts';

/** What is put on, as a swap network takes it: an embedding (float32, little-endian) or an aligned photo (RGB, uint8). */
export interface CropSource {
  /** SHA-256 of `bytes`, hexadecimal: GPU workers keep sources by it, and are sent the bytes only if they lack them. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** A new face from a swap network, aligned as the crop was that it is made of; an enhanced one may have more pixels than that. */
export interface SwappedPixels {
  /** [size, size, 3] uint8, RGB, row by row. */
  readonly rgb: Uint8Array;
  /** [size, size] uint8: 255 where the new face is to be seen, 0 where not. */
  readonly mask: Uint8Array;
  /** Of an enhanced face: the one that it was made of, [size, size, 3] uint8, RGB, of the crop's size. */
  readonly plain?: Uint8Array;
}

/** How far a lane is degraded: 0 not at all; each step of the ladder of src/schedule one more. */
export type LaneLevel = number;

/** What a lane is opened for. */
export interface CropLaneOptions {
  /** Name of a configured recipe: the ordered models that its crops go through. */
  readonly recipe: string;
  /** Name of a configured tier. */
  readonly tier: string;
  /** Whose sessions are limited together; empty: nobody's in particular. */
  readonly tenant: string;
  /** Frames a second that will be offered, and faces in each. */
  readonly frameRate: number;
  readonly faces: number;
  /** Told when load changes how far the lane is degraded. */
  readonly onLevel?: (level: LaneLevel) => void;
  /** Told of each frame that was run how long a GPU worker was at it. */
  readonly onSpent?: (time: Milli) => void;
}

/** A session's way to the swap networks. Its frames are swapped in time or given up; the newest wins. */
export interface CropLane {
  /**
   * Has a frame's crops swapped, all or none: [size, size, 3] uint8, RGB each, of the recipe's size. Resolves with one new face
   * for each crop, or with `undefined` where the frame was given up: late, replaced by a newer one before work was spent on it, or
   * lost with a worker. Never rejects for what happens to a worker. The crops are the caller's again once it resolves.
   */
  swap(
    crops: readonly Uint8Array[],
    options: {
      /** Of each crop. */
      readonly sources: readonly CropSource[];
      readonly deadline: Milli;
      /** How much of the recipe's enhancer is taken, if it has one, 0..1; 0, the default: it is not run. */
      readonly enhance?: number;
    },
  ): Promise<readonly SwappedPixels[] | undefined>;
  /** Idempotent. Frames on their way resolve with `undefined`. */
  close(): void;
}

/** Where lanes come from: a connection to the broker, or what stands in for one in a test. */
export interface CropLanes {
  /** @throws GatewayError recipe_unknown, capacity_full */
  open(options: CropLaneOptions): Promise<CropLane>;
  /** Idempotent; closes every lane. */
  close(): void;
}

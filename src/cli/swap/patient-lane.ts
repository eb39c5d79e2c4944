import { setTimeout as pause } from 'node:timers/promises';
import { assert, GatewayError } from '../../errors.ts';
import type { CropLane, SwappedPixels } from '../../swap/neural/crop-lane.ts';
import type { Clock, Milli } from '../../time.ts';

/** One frame of any network on any device is swapped within. */
const FRAME_LIMIT: Milli = 120_000;
/** Pause before a frame that was given up is sent again, and by how much the next is longer: that a worker is lost is known a second late. */
const PAUSE: Milli = 250;
const LONGER = 2;
/** A frame that is given up so often while there is somebody to swap it cannot be swapped: it makes no picture. */
const MOST_TRIES = 4;
/** For GPU workers that are lost and replaced. */
const LONGEST_WAIT: Milli = 240_000;

export interface PatientLaneOptions {
  readonly clock: Clock;
  /** Whether there is a GPU worker that takes frames. */
  readonly isServed: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * A lane without deadlines, over several of the broker's, each of which holds one frame and would let a newer one replace it. A frame that
 * was given up, as its GPU worker was lost, is sent again as soon as there is another. What cannot be swapped at all comes back as
 * `undefined`, and is hidden.
 */
export class PatientLane implements CropLane {
  readonly #lanes: readonly CropLane[];
  readonly #free: CropLane[];
  readonly #options: PatientLaneOptions;

  /** @param lanes as many as frames may be away at once */
  constructor(lanes: readonly CropLane[], options: PatientLaneOptions) {
    this.#lanes = lanes;
    this.#free = [...lanes];
    this.#options = options;
  }

  /** @throws GatewayError worker_lost if nobody swaps it for minutes */
  async swap(...frame: Parameters<CropLane['swap']>): Promise<readonly SwappedPixels[] | undefined> {
    const lane = this.#free.pop();
    assert(lane, 'no more frames are away than there are lanes');
    try {
      return await this.#insist(lane, ...frame);
    } finally {
      this.#free.push(lane);
    }
  }

  close(): void {
    for (const lane of this.#lanes) lane.close();
  }

  async #insist(
    lane: CropLane,
    ...[crops, options]: Parameters<CropLane['swap']>
  ): Promise<readonly SwappedPixels[] | undefined> {
    const { clock, isServed, signal } = this.#options;
    const since = clock.now();
    for (let tries = 0; tries < MOST_TRIES;) {
      signal.throwIfAborted();
      const faces = await lane.swap(crops, { ...options, deadline: clock.now() + FRAME_LIMIT });
      if (faces !== undefined) return faces;
      if (clock.now() - since > LONGEST_WAIT) {
        throw new GatewayError('worker_lost', 'a GPU worker must be there to swap faces, for minutes there was none');
      }
      await pause(PAUSE * LONGER ** tries);
      if (isServed()) tries++;
    }
    return undefined;
  }
}

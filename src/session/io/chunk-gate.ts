import type { Chunk } from '../../media/chunk.ts';
import { CHUNK_CREDITS } from '../pixel.ts';

/** What is to be done with a chunk. `ask`: it is given up, and only a keyframe helps from here on. */
export type Passage = 'pass' | 'drop' | 'ask';

/**
 * Lets chunks through to the pixel thread as long as there are credits and the sender keeps to its rate. Else a chunk is given up at its source;
 * those after it cannot be decoded, so they are too, until a keyframe comes and there is room again.
 */
export class ChunkGate {
  #credits = CHUNK_CREDITS;
  #broken = false;

  /** @param inRate false if the sender sends more frames than it may */
  admit(chunk: Chunk, inRate: boolean): Passage {
    if (this.#credits === 0 || !inRate) {
      this.#broken = true;
      return 'ask';
    }
    if (this.#broken && !chunk.keyframe) return 'drop';
    this.#broken = false;
    this.#credits--;
    return 'pass';
  }

  /** The pixel thread is done with so many chunks. */
  giveBack(count: number): void {
    this.#credits = Math.min(CHUNK_CREDITS, this.#credits + count);
  }
}

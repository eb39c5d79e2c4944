import type { Chunk } from '../../media/chunk.ts';
import type { Drops } from '../../schedule/drop.ts';
import { CHUNK_CREDITS } from '../pixel.ts';

/**
 * Chunks of one session that wait to be decoded, in order. Every one of them is decoded, since later ones need it, except
 * those that a keyframe further back makes needless and those that nothing refers to.
 */
export class ChunkQueue {
  readonly #waiting: Chunk[] = [];
  readonly #drops: Drops;
  readonly #settled: (count: number) => void;
  #awaitsKeyframe = true;

  /** @param settled told how many chunks have left the queue: their credits go back */
  constructor(drops: Drops, settled: (count: number) => void) {
    this.#drops = drops;
    this.#settled = settled;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** The chunk that came last. */
  get newest(): Chunk | undefined {
    return this.#waiting.at(-1);
  }

  /** True while only a keyframe is of any use. */
  get awaitsKeyframe(): boolean {
    return this.#awaitsKeyframe;
  }

  /** What comes next would not decode: nothing is taken before a keyframe. */
  breakOff(): void {
    this.#awaitsKeyframe = true;
  }

  put(chunk: Chunk): void {
    if (this.#waiting.length >= CHUNK_CREDITS) {
      // More than there are credits: the sender does not keep to the rules. Without these the rest will not decode.
      this.#discard(this.#waiting.length, 'no-credit');
      this.breakOff();
    }
    this.#waiting.push(chunk);
    // A keyframe needs nothing that came before it.
    if (chunk.keyframe) this.#discard(this.#waiting.length - 1, 'replaced');
  }

  /** The next chunk that must be decoded. */
  take(): Chunk | undefined {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (!chunk) return undefined;
      this.#settled(1);
      if (this.#awaitsKeyframe && !chunk.keyframe) this.#drops.count('decode', 'awaiting-keyframe');
      else if (!chunk.referenced && this.#waiting.length > 0) this.#drops.count('decode', 'replaced');
      else {
        this.#awaitsKeyframe = false;
        return chunk;
      }
    }
  }

  /** Gives everything up, because the session ends. */
  clear(): void {
    this.#discard(this.#waiting.length, 'closed');
  }

  #discard(count: number, reason: 'replaced' | 'no-credit' | 'closed'): void {
    if (count === 0) return;
    this.#waiting.splice(0, count);
    for (let i = 0; i < count; i++) this.#drops.count('decode', reason);
    this.#settled(count);
  }
}

import type { Milli } from '../time.ts';

/**
 * Makes new crops. The scheduler hands it a batch and knows nothing of pixels: `Crop` and `Swapped` are the backend's
 * own types (mesh: src/swap/swap.ts).
 */
export interface SwapBackend<Crop, Swapped> {
  /** Most crops in one batch; at least 1. */
  readonly maximumBatch: number;
  /** Expected duration of a batch of `size` crops, for deciding whether a deadline can be met. */
  expected(size: number): Milli;
  /** Swaps a batch. `undefined` where a crop could not be swapped; the others are not harmed. */
  swap(batch: readonly Crop[]): Promise<readonly (Swapped | undefined)[]>;
  /** Idempotent. */
  close(): void;
}

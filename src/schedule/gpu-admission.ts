import type { Milli } from '../time.ts';
import type { CostTable } from './cost/cost-table.ts';

/** Share of a GPU's best measured rate that may be promised: up to it 99.9 % of frames are in time (docs/benchmarks.md). */
export const USABLE_GPU = 0.85;
/** A refused session is told to come back after so long, and after so much more for each that waits. */
const RETRY: Milli = 5_000;
const RETRY_EACH: Milli = 1_000;
const MOST_RETRY: Milli = 60_000;

/** What a session asks of a GPU. */
export interface GpuSession {
  readonly recipe: number;
  readonly frameRate: number;
  /** Crops of each frame. */
  readonly faces: number;
}

/** What is promised already. */
export interface GpuRoom {
  readonly costs: CostTable;
  /** Load of each GPU that works, as `FrameScheduler.load` gives it: 1 is all it can do. */
  readonly loads: readonly number[];
  /** Sessions that wait for room. */
  readonly queued: number;
  /** Most that may wait. */
  readonly mostQueued: number;
}

export type GpuVerdict =
  | { readonly kind: 'accept' }
  /** Places before it, and it: 1 is next. */
  | { readonly kind: 'queue'; readonly position: number }
  | { readonly kind: 'refuse'; readonly retryAfter: Milli };

/** Share of one GPU that a session takes, at the best rate that was measured; Infinity while its recipe is not profiled. */
export function gpuLoad(costs: CostTable, { recipe, frameRate, faces }: GpuSession): number {
  return (frameRate * faces) / 1000 / costs.bestRate(recipe);
}

/**
 * Whether a session fits: on one GPU, since a lane does not move, and behind nobody who waits already. Pure. Whoever waits is
 * asked about again, first come, first served, when a session ends: with `queued: 0`.
 */
export function admitToGpu(session: GpuSession, { costs, loads, queued, mostQueued }: GpuRoom): GpuVerdict {
  const load = gpuLoad(costs, session);
  const fits = loads.some((taken) => taken + load <= USABLE_GPU);
  if (fits && queued === 0) return { kind: 'accept' };
  // What is more than a whole GPU never fits; waiting for it is in vain.
  if (queued < mostQueued && load <= USABLE_GPU) return { kind: 'queue', position: queued + 1 };
  return { kind: 'refuse', retryAfter: Math.min(MOST_RETRY, RETRY + RETRY_EACH * queued) };
}

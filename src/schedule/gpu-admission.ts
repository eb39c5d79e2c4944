import type { Milli } from '../time.ts';

/** Share of a GPU's best measured rate that may be promised: up to it 99.9 % of frames are in time (docs/benchmarks.md). */
export const USABLE_GPU = 0.85;
/** A refused session is told to come back after so long, and after so much more for each that is to come back before it. */
const RETRY: Milli = 5_000;
const RETRY_EACH: Milli = 1_000;
/** Nobody is sent away for longer; it is what a session is told that no GPU could ever take. */
const MOST_RETRY: Milli = 60_000;

/** What is promised already. */
export interface GpusTaken {
  /** Load of each GPU that works: 1 is all it can do. */
  readonly loads: readonly number[];
  /** Sessions that were refused and are to come back later than now. */
  readonly awaited: number;
}

export type GpuVerdict = { readonly kind: 'accept' } | { readonly kind: 'refuse'; readonly retryAfter: Milli };

/**
 * Whether a session fits: on one GPU, since a lane does not move. Those who do not are told to come back one after the other,
 * so that a place that becomes free is not rushed at. Pure.
 * @param load share that it takes of a GPU, at the best rate that was measured
 */
export function admitToGpu(load: number, { loads, awaited }: GpusTaken): GpuVerdict {
  if (loads.some((taken) => taken + load <= USABLE_GPU)) return { kind: 'accept' };
  const retryAfter = load > USABLE_GPU ? MOST_RETRY : Math.min(MOST_RETRY, RETRY + RETRY_EACH * awaited);
  return { kind: 'refuse', retryAfter };
}

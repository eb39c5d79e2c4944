/** Share of a GPU's best measured rate that may be promised: up to it 99.9 % of frames are in time (docs/benchmarks.md). */
export const USABLE_GPU = 0.85;

/** Whether a session fits now, may when others have left, or can never. */
export type GpuVerdict = 'fits' | 'full' | 'never';

/**
 * Whether a session fits: on one GPU, since a lane does not move. Pure.
 * @param load share that it takes of a GPU, at the best rate that was measured. @param loads of each GPU that works: 1 is all it can do
 */
export function admitToGpu(load: number, loads: readonly number[]): GpuVerdict {
  if (load > USABLE_GPU) return 'never';
  return loads.some((taken) => taken + load <= USABLE_GPU) ? 'fits' : 'full';
}

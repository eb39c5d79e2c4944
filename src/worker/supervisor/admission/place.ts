import type { Milli } from '../../../time.ts';

/** Share of a core that may be planned: above it, waiting for the other session's frame eats the deadline. */
const USABLE = 0.86;

/** Refused sessions are told to come back after so long. */
export const RETRY_WHEN_FULL: Milli = 5_000;

/** What a media worker carries at the moment. */
export interface Load {
  /** Pixel threads that can run at once. */
  readonly threads: number;
  /** Cores that its sessions take. */
  readonly cores: number;
}

/** What there is to share out. */
export interface Machine {
  /** Cores of the machine. */
  readonly cores: number;
  /** Of them taken, by workers too that take no new sessions. */
  readonly taken: number;
}

/**
 * The worker with most room in which a session of this cost fits; `undefined` if none has. Workers share the cores of the
 * machine, so those of one that is lost are there for the others. Sessions do not move between threads, so what counts is a
 * whole thread's room; an idle machine takes any session, any worker one of cost 0.
 */
export function place<Worker extends { readonly load: Load }>(
  workers: readonly Worker[],
  cost: number,
  { cores, taken }: Machine,
): Worker | undefined {
  const free = cores * USABLE - taken;
  if (cost > free && cost > 0 && taken > 0) return undefined;
  let best: Worker | undefined;
  let bestRoom = -Infinity;
  for (const worker of workers) {
    const { load } = worker;
    const room = Math.min(load.threads, cores) * USABLE - load.cores;
    if ((room >= cost || load.cores === 0 || cost === 0) && room > bestRoom) {
      best = worker;
      bestRoom = room;
    }
  }
  return best;
}

/** Where a viewer lives: where the session does, so that nothing is relayed, until many do; then where fewest viewers are. */
export function placeViewer<Worker extends { readonly viewers: number }>(
  home: Worker,
  workers: readonly Worker[],
  atHome: number,
): Worker {
  if (home.viewers < atHome) return home;
  return workers.reduce((best, worker) => (worker.viewers < best.viewers ? worker : best), home);
}

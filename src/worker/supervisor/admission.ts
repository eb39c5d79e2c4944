import type { Milli } from '../../time.ts';

/**
 * How much of a core one session takes, by the longest side it may send, VP8 both ways at 30 frames a second.
 * Measured on a 2.x GHz EPYC core: 0.27 at 640×480, 0.41 at 1280×720; encoding grows with the pixels.
 */
const ESTIMATES: readonly (readonly [maximumSide: number, cores: number])[] = [
  [640, 0.26],
  [960, 0.34],
  [1280, 0.41],
  [1920, 0.85],
];

/** How far what is measured may move a session's cost away from its estimate, so that one odd second refuses nobody. */
const FACTOR_RANGE = [0.5, 1.5] as const;

/** Share of a pixel thread that may be planned: above it, waiting for the other session's frame eats the deadline. */
const USABLE = 0.86;

/** How fast the measured cost follows: about the last five seconds. */
const LEARNING = 0.2;

/** Refused sessions are told to come back after so long. */
export const RETRY_WHEN_FULL: Milli = 5_000;

/** What one session costs, in cores: first an estimate, then what is seen. */
export class SessionCost {
  readonly #estimate: number;
  #cores: number;

  /** @param maximumSide longest side that the session may send, pixels */
  constructor(maximumSide: number) {
    this.#estimate = ESTIMATES.find(([side]) => maximumSide <= side)?.[1] ?? 1;
    this.#cores = this.#estimate;
  }

  /** Share of a core, 0–1.5. */
  get cores(): number {
    return this.#cores;
  }

  /** @param busy milliseconds of a pixel thread in the last second; 0 while nothing comes, which teaches nothing */
  learn(busy: Milli): void {
    if (busy <= 0) return;
    const seen = clamp(busy / 1000, this.#estimate * FACTOR_RANGE[0], this.#estimate * FACTOR_RANGE[1]);
    this.#cores += LEARNING * (seen - this.#cores);
  }
}

/** What a media worker carries at the moment. */
export interface Load {
  /** Pixel threads that can run at once. */
  readonly threads: number;
  /** Cores that its sessions take. */
  readonly cores: number;
}

/**
 * The worker with most room in which a session of this cost fits; `undefined` if none has. Sessions do not move between
 * threads, so what counts is a whole thread's room; an empty worker takes any session, any worker one of cost 0.
 */
export function place<Worker extends { readonly load: Load }>(
  workers: readonly Worker[],
  cost: number,
): Worker | undefined {
  let best: Worker | undefined;
  let bestRoom = -Infinity;
  for (const worker of workers) {
    const { threads, cores } = worker.load;
    const room = threads * USABLE - cores;
    if ((room >= cost || cores === 0 || cost === 0) && room > bestRoom) {
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

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

import type { Milli } from '../../time.ts';

const MIB = 1024 * 1024;
/** What a media worker may hold by default: its code and I/O, and models and sessions of each pixel thread (docs/benchmarks.md). */
const SOFT_BASE = 1024 * MIB;
const SOFT_PER_THREAD = 256 * MIB;
/** The hard limit by default, as a multiple of the soft one. */
const HARD_FACTOR = 1.5;
/** Memory has to stay above the soft limit for so long: a large photo passes it for a moment. */
const STAYS: Milli = 5_000;

/** Resident memory of a media worker, bytes. */
export interface MemoryLimits {
  /** Above it, it takes no new sessions and is replaced. */
  readonly soft: number;
  /** Above it, it is ended at once. */
  readonly hard: number;
}

/** The limits of a media worker with so many pixel threads; `null` = the default. */
export function memoryLimits(
  { softMegabytes, hardMegabytes }: { readonly softMegabytes: number | null; readonly hardMegabytes: number | null },
  pixelThreads: number,
): MemoryLimits {
  const usual = softMegabytes === null ? SOFT_BASE + SOFT_PER_THREAD * pixelThreads : softMegabytes * MIB;
  const hard = hardMegabytes === null ? usual * HARD_FACTOR : hardMegabytes * MIB;
  return { soft: Math.min(usual, hard), hard };
}

/** Says what is to be done about what a media worker holds. Pure. */
export class MemoryGuard {
  readonly #limits: MemoryLimits;
  #overSince: Milli | undefined;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** `retire`: it leaks; `end`: it endangers the others. */
  judge(residentBytes: number, now: Milli): 'fine' | 'retire' | 'end' {
    const { soft, hard } = this.#limits;
    if (residentBytes > hard) return 'end';
    if (residentBytes <= soft) {
      this.#overSince = undefined;
      return 'fine';
    }
    this.#overSince ??= now;
    return now - this.#overSince >= STAYS ? 'retire' : 'fine';
  }
}

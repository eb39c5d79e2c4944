import type { Milli } from '../../../time.ts';

/** A batch that takes so many times its p99 has not been slow: it does not come any more. */
const HANG_FACTOR = 20;
/** Below this a busy machine, not the worker, may be the reason. */
const LEAST_PATIENCE: Milli = 1_000;
/** In so many slices it passes: where this process itself, or the whole machine, stood still, only one of them was lost. */
const SLICES = 8;

/** How long the next answer of a GPU worker is waited for. @param p99 of the batch it is at; 0 if not known */
export function patience(p99: Milli): Milli {
  return Math.max(LEAST_PATIENCE, HANG_FACTOR * p99);
}

/** Tells when jobs are outstanding and none of them is answered for too long. */
export class HangWatch {
  readonly #onHang: () => void;
  /** Of the jobs without answer, oldest first. */
  readonly #patiences: Milli[] = [];
  #timer: NodeJS.Timeout | undefined;
  #answers = 0;

  constructor(onHang: () => void) {
    this.#onHang = onHang;
  }

  /** A job was given. */
  given(limit: Milli): void {
    this.#patiences.push(limit);
    if (this.#patiences.length === 1) this.#arm();
  }

  /** The oldest job was answered. */
  answered(): void {
    this.#patiences.shift();
    this.#answers++;
    this.#arm();
  }

  /** Idempotent. */
  close(): void {
    this.#patiences.length = 0;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const [limit] = this.#patiences;
    if (limit === undefined) return;
    const answers = this.#answers;
    // If this process itself was stopped, the answer may have come meanwhile: it is read before a verdict.
    const judge = (): void => {
      if (this.#answers === answers && this.#patiences.length > 0) this.#onHang();
    };
    let left = SLICES;
    const wait = (): void => {
      this.#timer = setTimeout(() => (--left > 0 ? wait() : setImmediate(judge)), limit / SLICES);
    };
    wait();
  }
}

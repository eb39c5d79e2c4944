import type { Milli } from '../../../time.ts';

/** Shorter than this, a loss is made good by resends. */
const TOLERATED: Milli = 500;
/** Neither is it an interruption if it is not much longer than usual: some sources send a picture a second. */
const USUAL_FACTOR = 5;
/** Waits over which the usual one is smoothed. */
const USUAL_WAITS = 8;

/** Notices that something that is waited for came only after an interruption of the way. */
export class Interruption {
  #since: Milli | undefined;
  #usual: Milli = 0;

  /** From `now` on something should come; nothing changes if something is waited for already. */
  expect(now: Milli): void {
    this.#since ??= now;
  }

  /** It came. @returns true if so late that the way must have been interrupted */
  onCome(now: Milli): boolean {
    if (this.#since === undefined) return false;
    const wait = now - this.#since;
    const limit = Math.max(TOLERATED, USUAL_FACTOR * this.#usual);
    this.#since = undefined;
    this.#usual += (wait - this.#usual) / USUAL_WAITS;
    return wait > limit;
  }
}

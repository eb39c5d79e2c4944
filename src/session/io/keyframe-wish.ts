import type { Milli } from '../../time.ts';

/** Keyframes are asked of the encoder at most this often: each costs many times a frame, and one serves all wishes. */
const INTERVAL: Milli = 300;

/** A peer's wishes for keyframes, thinned out. None is lost: one that comes too soon is passed on when it may. */
export class KeyframeWish {
  #askedAt: Milli = -Infinity;
  #wanted = false;

  /** When `due` has something to say; `Infinity` without a wish. */
  get nextAt(): Milli {
    return this.#wanted ? this.#askedAt + INTERVAL : Infinity;
  }

  want(): void {
    this.#wanted = true;
  }

  /** True if the encoder is to be asked now. */
  due(now: Milli): boolean {
    if (now < this.nextAt) return false;
    this.#wanted = false;
    this.#askedAt = now;
    return true;
  }
}

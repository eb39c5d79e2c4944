import type { Milli } from '../../../time.ts';

/** Keyframes are asked of the encoder at most this often: each costs many times a frame, and one serves all wishes. */
const INTERVAL: Milli = 300;

/**
 * A peer's wishes for keyframes, thinned out. None is lost: one that comes too soon is passed on when it may. Only one
 * that was sent before the peer could see the last keyframe is served by that.
 */
export class KeyframeWish {
  /** Round trip to the peer. */
  roundTrip: Milli = 0;
  #askedAt: Milli = -Infinity;
  #sentAt: Milli = -Infinity;
  #wanted = false;

  /** When `due` has something to say; `Infinity` without a wish. */
  get nextAt(): Milli {
    return this.#wanted ? this.#askedAt + Math.max(INTERVAL, this.roundTrip) : Infinity;
  }

  want(now: Milli): void {
    if (now - this.#sentAt >= this.roundTrip) this.#wanted = true;
  }

  /** The next keyframe is wanted whatever came before: the peer has lost that too. */
  wantAnew(): void {
    this.#wanted = true;
    this.#askedAt = -Infinity;
  }

  /** A keyframe leaves. */
  onKeyframe(now: Milli): void {
    this.#sentAt = now;
    this.#wanted = false;
  }

  /** True if the encoder is to be asked now. */
  due(now: Milli): boolean {
    if (now < this.nextAt) return false;
    this.#wanted = false;
    this.#askedAt = now;
    return true;
  }
}

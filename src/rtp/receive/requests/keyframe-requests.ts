import type { Milli } from '../../../time.ts';

/** Requests are at least this far apart: a keyframe costs the sender many times a frame. */
export const KEYFRAME_THROTTLE: Milli = 500;
/** A source that sends nothing at all is asked again only this often. */
const SILENT_THROTTLE: Milli = 2000;
/** How long a source that begins is given to send the keyframe that it begins with. */
const START_PATIENCE: Milli = 300;

/**
 * When to ask for a keyframe. It asks once for each reason, and again as long as none comes and packets do: a request
 * can be lost, but a source that is silent has nothing to send.
 */
export class KeyframeRequests {
  /** When the next request is due; `Infinity` if none is. */
  #dueAt: Milli = Infinity;
  #askedAt: Milli = -Infinity;
  /** A packet came since the last request. */
  #heard = true;

  get nextAt(): Milli {
    return this.#heard ? this.#dueAt : Math.max(this.#dueAt, this.#askedAt + SILENT_THROTTLE);
  }

  /** True if a request is under way or due. */
  get pending(): boolean {
    return this.#dueAt !== Infinity;
  }

  /** A packet of the source came. */
  onPacket(): void {
    this.#heard = true;
  }

  /** A source begins. If not with a keyframe, one is due at once. */
  onStart(now: Milli, withKeyframe: boolean): void {
    this.#dueAt = withKeyframe ? now + START_PATIENCE : now;
    this.#askedAt = -Infinity;
    this.#heard = true;
  }

  /** A keyframe is needed: there is a gap, or the decoder lost its place. */
  want(now: Milli): void {
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, this.#askedAt + KEYFRAME_THROTTLE));
  }

  /** A keyframe begins to come: it is given the time of a throttle to be whole before the next is asked for. */
  onKeyframeBegun(now: Milli): void {
    if (this.pending) this.#dueAt = Math.max(this.#dueAt, now + KEYFRAME_THROTTLE);
  }

  /** A keyframe is whole. */
  onKeyframe(): void {
    this.#dueAt = Infinity;
  }

  /** True if a request is to be sent now; the next is due after the throttle, unless a keyframe comes. */
  due(now: Milli): boolean {
    if (now < this.nextAt) return false;
    this.#askedAt = now;
    this.#dueAt = now + KEYFRAME_THROTTLE;
    this.#heard = false;
    return true;
  }
}

import type { TrackedFace } from '../../face/face.ts';
import type { Milli } from '../../time.ts';

/** A recogniser is asked about faces that look about into the camera, within these degrees: of others it knows little. */
const FRONTAL = 40;
/** Pause before a face is asked about again, doubling with each time up to the longest. */
const FIRST_PAUSE: Milli = 500;
const LONGEST_PAUSE: Milli = 8000;

/** When the recogniser is asked whose face it is: when somebody is new or in doubt, then ever more seldom; one question at a time. */
export class Questions {
  readonly #asked = new Map<number, { times: number; at: Milli }>();
  #open: number | undefined;

  /** The face to ask about now, of those about whom something is not known. It counts as asked. */
  next(unknown: readonly TrackedFace[], at: Milli): TrackedFace | undefined {
    if (this.#open !== undefined) return undefined;
    const face = unknown.find(({ id, pose, fromSide }) => {
      const { times = 0, at: last = -Infinity } = this.#asked.get(id) ?? {};
      const pause = times === 0 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (times - 1));
      return fromSide !== true && Math.abs(pose.yaw) <= FRONTAL && at - last >= pause;
    });
    if (face === undefined) return undefined;
    this.#open = face.id;
    this.#asked.set(face.id, { times: (this.#asked.get(face.id)?.times ?? 0) + 1, at });
    return face;
  }

  /** False if nothing was asked about it. */
  answered(id: number): boolean {
    if (this.#open !== id) return false;
    this.#open = undefined;
    return true;
  }

  /** What was known of a face is in doubt: it is asked about soon. */
  renew(id: number): void {
    this.#asked.delete(id);
  }
}

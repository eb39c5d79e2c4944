import type { Milli } from '../../time.ts';
import { LANDMARKS } from '../face.ts';

/** Points that tell whether a head or a face moves: chin, nose tip, eye corners, mouth, lids, brows. */
const POINTS = [152, 4, 33, 263, 13, 14, 159, 145, 386, 374, 105, 334] as const;

/** Movement up to which a face is still, in sizes of it. Camera noise moves smoothed points by a quarter of this. */
const LEAST_MOVEMENT = 0.02;

/**
 * Tells for how long a face has not moved at all. Living ones blink, breathe and sway; the face on a poster does not, and
 * neither does a photo held up on a stand.
 */
export class Stillness {
  readonly #anchor = new Float32Array(POINTS.length * 2);
  #since: Milli | undefined;

  /** Takes the smoothed landmarks of a frame, `LANDMARKS` × 3; `size` is the face's, pixels. Returns milliseconds. */
  update(landmarks: Float32Array, size: number, at: Milli): Milli {
    if (landmarks.length < LANDMARKS * 3) throw new TypeError(`landmarks must be whole [length:${landmarks.length}]`);
    if (this.#since === undefined || at < this.#since || this.#hasMoved(landmarks, size)) {
      POINTS.forEach((point, k) => {
        this.#anchor[2 * k] = landmarks[3 * point]!;
        this.#anchor[2 * k + 1] = landmarks[3 * point + 1]!;
      });
      this.#since = at;
    }
    return at - this.#since;
  }

  #hasMoved(landmarks: Float32Array, size: number): boolean {
    const most = (LEAST_MOVEMENT * size) ** 2;
    return POINTS.some((point, k) => {
      const dx = landmarks[3 * point]! - this.#anchor[2 * k]!;
      const dy = landmarks[3 * point + 1]! - this.#anchor[2 * k + 1]!;
      return dx * dx + dy * dy > most;
    });
  }
}

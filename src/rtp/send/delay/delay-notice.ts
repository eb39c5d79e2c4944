import type { Milli } from '../../../time.ts';
import { sequenceDistance } from '../../packet/sequence.ts';

/** The browser reads a frame's delay from its first packet, which may be lost: so many frames in a row are enough. */
const FRAMES = 3;

/**
 * Which frames carry the playout delay: those after a change, until a report says that enough of them have come, and
 * keyframes, from which a receiver may begin. Without any change nothing is ever written.
 */
export class DelayNotice {
  #delay: Milli = 0;
  /** The first packets of the frames since the change, the first `FRAMES` of them; `undefined` if nothing is to be said. */
  #carried: number[] | undefined;

  /** True if the frame that begins with packet `sequence` carries `delay`. */
  onFrame(sequence: number, delay: Milli, keyframe: boolean): boolean {
    if (delay !== this.#delay) {
      this.#delay = delay;
      this.#carried = [];
    }
    if (this.#carried === undefined) return keyframe && delay > 0;
    if (this.#carried.length < FRAMES) this.#carried.push(sequence);
    return true;
  }

  /** A report of the receiver came. @param highestSequence its lower 16 bits are the newest sequence number it has */
  onReport(highestSequence: number): void {
    const last = this.#carried?.[FRAMES - 1];
    if (last !== undefined && sequenceDistance(last, highestSequence & 0xffff) >= 0) this.#carried = undefined;
  }
}

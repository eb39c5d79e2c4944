import type { RtpTicks } from '../../time.ts';

/** Why a frame of which packets came was given up; named as in the pipeline's drop counts. */
export type ReceiveDrop = 'lost' | 'broken' | 'awaiting-keyframe';

/** Frames begun and not finished. More than this and the oldest are counted as given up: 2 s at 30 frames/s. */
const OPEN_LIMIT = 64;

/** Sees to it that each frame of which a packet came is either sent on or counted once. */
export class FrameTally {
  /** Timestamp → last position seen with it. */
  readonly #open = new Map<RtpTicks, number>();
  readonly #counts: Record<ReceiveDrop, number> = { lost: 0, broken: 0, 'awaiting-keyframe': 0 };

  /** Counts since the start. */
  get counts(): Readonly<Record<ReceiveDrop, number>> {
    return this.#counts;
  }

  /** A packet with payload came. `reason` is what its frame would be counted under if the list overflows. */
  note(timestamp: RtpTicks, position: number, reason: ReceiveDrop): void {
    const last = this.#open.get(timestamp);
    if (last !== undefined && last >= position) return;
    this.#open.set(timestamp, position);
    if (this.#open.size <= OPEN_LIMIT) return;
    const oldest = this.#open.keys().next().value;
    if (oldest === undefined) return;
    this.#open.delete(oldest);
    this.#counts[reason]++;
  }

  /** The frame is done with: sent on, or counted here if `reason` is given. */
  finish(timestamp: RtpTicks, reason?: ReceiveDrop): void {
    this.#open.delete(timestamp);
    if (reason) this.#counts[reason]++;
  }

  /** All open frames that end at or before `position` are given up. */
  giveUp(position: number, reason: ReceiveDrop): void {
    for (const [timestamp, last] of this.#open) {
      if (last <= position) this.finish(timestamp, reason);
    }
  }
}

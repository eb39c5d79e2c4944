import type { ReportBlock } from '../../../rtp/rtcp/rtcp-packet.ts';
import type { Milli } from '../../../time.ts';

/** Loss is judged over at least so long and so many packets. */
const INTERVAL: Milli = 900;
const ENOUGH = 20;

/**
 * The fraction of our packets that a receiver lost, from its counts over a second. The fraction that each report carries
 * is no good: a browser reports with every NACK, some milliseconds of packets at a time, and counts what is only late.
 */
export class LossMeter {
  #before: { readonly at: Milli; readonly highest: number; readonly lost: number } | undefined;

  /** The fraction lost, 0–1, since the last time there was one; `undefined` if it is too early to say. */
  onReport({ highestSequence, cumulativeLost }: ReportBlock, now: Milli): number | undefined {
    const before = this.#before;
    const after = { at: now, highest: highestSequence, lost: cumulativeLost };
    // A receiver that began anew counts from 0.
    if (before === undefined || highestSequence < before.highest) {
      this.#before = after;
      return undefined;
    }
    const expected = highestSequence - before.highest;
    if (now - before.at < INTERVAL || expected < ENOUGH) return undefined;
    this.#before = after;
    return Math.min(1, Math.max(0, (cumulativeLost - before.lost) / expected));
  }
}

import type { Milli } from '../../../time.ts';

/** Packets sent within this time are one group: a pacer's burst says nothing about the way between its packets. */
const GROUP_SPAN: Milli = 5;
/** Packets that arrive this close, though sent farther apart, waited together on the way: one burst. */
const BURST_GAP: Milli = 5;
/** Longest burst, so that a steady stream of close arrivals is not one endless group. */
const BURST_SPAN: Milli = 100;
/** Groups that arrive before their predecessor, in a row, after which the order of things is learnt anew. */
const REORDERED_LIMIT = 3;
/** A peer's clock that jumped so far ahead of ours, in one group, tells nothing about the way. */
const CLOCK_JUMP: Milli = 3000;

interface Group {
  firstSentAt: Milli;
  lastSentAt: Milli;
  firstArrivedAt: Milli;
  lastArrivedAt: Milli;
  /** When we were told of its last packet. */
  toldAt: Milli;
}

/** Between two groups: how much later the second was sent, and how much later it arrived. */
export interface GroupDelta {
  readonly sent: Milli;
  readonly arrived: Milli;
}

/** Compares neighbouring groups of packets, draft-ietf-rmcat-gcc-02 §5.2 with the burst merging of libwebrtc. */
export class InterArrival {
  #before: Group | undefined;
  #current: Group | undefined;
  #reordered = 0;

  /**
   * One packet, in order of arrival.
   * @returns the delta between the two groups before it, if this packet begins a new one
   */
  push(sentAt: Milli, arrivedAt: Milli, now: Milli): GroupDelta | undefined {
    const current = this.#current;
    if (current === undefined) {
      this.#current = newGroup(sentAt, arrivedAt, now);
      return undefined;
    }
    // Sent before the whole group: it comes late, and the group is as it is.
    if (sentAt < current.firstSentAt) return undefined;
    if (belongs(current, sentAt, arrivedAt)) {
      current.lastSentAt = Math.max(current.lastSentAt, sentAt);
      current.lastArrivedAt = arrivedAt;
      current.toldAt = now;
      return undefined;
    }
    const delta = this.#before && this.#compare(this.#before, current);
    if (this.#current === undefined) return undefined;
    this.#before = current;
    this.#current = newGroup(sentAt, arrivedAt, now);
    return delta;
  }

  /** Forgets everything: what comes next is not compared with what came before. */
  reset(): void {
    this.#before = undefined;
    this.#current = undefined;
    this.#reordered = 0;
  }

  #compare(before: Group, current: Group): GroupDelta | undefined {
    const arrived = current.lastArrivedAt - before.lastArrivedAt;
    if (arrived - (current.toldAt - before.toldAt) >= CLOCK_JUMP) {
      this.reset();
      return undefined;
    }
    if (arrived < 0) {
      if (++this.#reordered >= REORDERED_LIMIT) this.reset();
      return undefined;
    }
    this.#reordered = 0;
    return { sent: current.lastSentAt - before.lastSentAt, arrived };
  }
}

function newGroup(sentAt: Milli, arrivedAt: Milli, toldAt: Milli): Group {
  return { firstSentAt: sentAt, lastSentAt: sentAt, firstArrivedAt: arrivedAt, lastArrivedAt: arrivedAt, toldAt };
}

function belongs(group: Group, sentAt: Milli, arrivedAt: Milli): boolean {
  const arrivalGap = arrivedAt - group.lastArrivedAt;
  const sendGap = sentAt - group.lastSentAt;
  if (sendGap === 0) return true;
  const caughtUp = arrivalGap < sendGap;
  if (caughtUp && arrivalGap <= BURST_GAP && arrivedAt - group.firstArrivedAt < BURST_SPAN) return true;
  return sentAt - group.firstSentAt <= GROUP_SPAN;
}

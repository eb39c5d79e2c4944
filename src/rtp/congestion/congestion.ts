import type { Milli } from '../../time.ts';
import type { FeedbackOutcome } from '../send/send-log.ts';

/** A burst sent on purpose faster than the estimate, to learn whether the way carries more. */
export interface Probe {
  /** Goes with each of its packets through the send log, so that feedback can tell them apart. */
  readonly id: number;
  /** Bits a second at which the burst leaves. */
  readonly bitrate: number;
  /** At least so many bytes and packets must leave in it, or it says nothing. */
  readonly bytes: number;
  readonly packets: number;
}

/** How many bits a second the way to a peer carries, learnt from what the peer says about each packet. Pure. */
export interface CongestionControl {
  /** Bits a second for everything that is sent: media, sound, resends, padding. */
  readonly estimate: number;
  /** How long packets wait in the way's queue. */
  readonly queue: Milli;
  /** More is on its way than it can hold: what waits should leave slowly until that has been told of. */
  readonly full: boolean;
  /** When `poll` may have something to do; `Infinity` if nothing is due. */
  readonly nextAt: Milli;
  /** The most that is ever of use, bits a second: probing stops there. */
  maximum: number;
  /** Transport-wide feedback told of packets. */
  onFeedback(outcome: FeedbackOutcome, now: Milli): void;
  /** A packet of `size` bytes has left: what is in flight, and whether the estimate is used at all. */
  onSent(size: number, now: Milli): void;
  /** A receiver report: fraction lost, 0–1, since the last one. Matters where there is no transport-wide feedback. */
  onLoss(fractionLost: number, now: Milli): void;
  /** The receiver's own estimate (REMB), bits a second. */
  onReceiverEstimate(bitsPerSecond: number, now: Milli): void;
  onRoundTrip(roundTrip: Milli): void;
  /** What passing time changes (no feedback for long); gives a probe that is to be sent now. */
  poll(now: Milli): Probe | undefined;
}

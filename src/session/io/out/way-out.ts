import { CongestionController } from '../../../rtp/congestion/congestion-controller.ts';
import type { Probe } from '../../../rtp/congestion/congestion.ts';
import { wireSize, type OutgoingPacket } from '../../../rtp/packet/outgoing-packet.ts';
import type { RtcpPacket, TransportFeedback } from '../../../rtp/rtcp/rtcp-packet.ts';
import { SendLog } from '../../../rtp/send/send-log.ts';
import type { Milli } from '../../../time.ts';
import { Interruption } from './interruption.ts';
import { LossMeter } from './loss-meter.ts';

export interface WayOutOptions {
  /** Our video's source, which reports tell of. */
  readonly ssrc: number;
  /** Bits a second to begin with, and the bounds of the estimate. */
  readonly start: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** What is known of the way to the peer: what it carries, loses, and how long it takes. */
export class WayOut {
  /** Numbers the packets as they leave. */
  readonly log = new SendLog();
  readonly #ssrc: number;
  readonly #control: CongestionController;
  readonly #loss = new LossMeter();
  readonly #silence = new Interruption();
  #known = false;
  #begun = false;
  /** Packets that feedback told of, and of these lost, since the last `takeLoss`. */
  #told = 0;
  #lost = 0;
  #reportedLoss = 0;

  constructor(options: WayOutOptions) {
    this.#ssrc = options.ssrc;
    this.#control = new CongestionController(options);
  }

  /** Bits a second that the way carries. */
  get estimate(): number {
    return this.#control.estimate;
  }

  /** How long packets wait in its queue. */
  get queue(): Milli {
    return this.#control.queue;
  }

  /** More is on its way than it can hold. */
  get full(): boolean {
    return this.#control.full;
  }

  /** True if the peer has said anything about the way. */
  get known(): boolean {
    return this.#known;
  }

  /** Round trip that feedback shows; `undefined` without transport-wide feedback. */
  get roundTrip(): Milli | undefined {
    return this.log.roundTrip;
  }

  get nextAt(): Milli {
    return this.#begun ? this.#control.nextAt : Infinity;
  }

  /** The most that is ever of use, bits a second. */
  set maximum(bitsPerSecond: number) {
    this.#control.maximum = bitsPerSecond;
  }

  /** The first picture leaves: from now on the way can be probed. */
  begin(): void {
    this.#begun = true;
  }

  onSent(packet: OutgoingPacket, now: Milli): void {
    this.#control.onSent(wireSize(packet), now);
    if (packet.transportSequenceAt >= 0) this.#silence.expect(now);
  }

  /** @returns true if the way was interrupted and is there again */
  onRtcp(packet: RtcpPacket, now: Milli): boolean {
    switch (packet.type) {
      case 'transport-feedback':
        return this.#onFeedback(packet, now);
      case 'bitrate-estimate':
        this.#known = true;
        this.#control.onReceiverEstimate(packet.bitsPerSecond, now);
        return false;
      case 'sender-report':
      case 'receiver-report': {
        const block = packet.reports.find(({ ssrc }) => ssrc === this.#ssrc);
        const fraction = block && this.#loss.onReport(block, now);
        if (fraction === undefined) return false;
        this.#known = true;
        this.#reportedLoss = fraction;
        this.#control.onLoss(fraction, now);
        return false;
      }
      default:
        return false;
    }
  }

  /** Round trip by the peer's reports, where there is no transport-wide feedback. */
  onReportedRoundTrip(roundTrip: Milli): void {
    if (this.log.roundTrip === undefined) this.#control.onRoundTrip(roundTrip);
  }

  /** What time changes; gives a probe that is to be sent now. */
  poll(now: Milli): Probe | undefined {
    return now >= this.nextAt ? this.#control.poll(now) : undefined;
  }

  /** The fraction of our packets, 0–1, that was lost since the last call. */
  takeLoss(): number {
    const fraction = this.#told === 0 ? this.#reportedLoss : this.#lost / this.#told;
    this.#told = 0;
    this.#lost = 0;
    return fraction;
  }

  #onFeedback(feedback: TransportFeedback, now: Milli): boolean {
    const outcome = this.log.onFeedback(feedback, now);
    const { packets } = outcome;
    if (packets.length === 0) return false;
    this.#known = true;
    this.#told += packets.length;
    this.#lost += packets.filter(({ arrivedAt }) => arrivedAt === undefined).length;
    if (this.log.roundTrip !== undefined) this.#control.onRoundTrip(this.log.roundTrip);
    this.#control.onFeedback(outcome, now);
    const interrupted = this.#silence.onCome(now);
    if (this.log.inFlight > 0) this.#silence.expect(now);
    return interrupted;
  }
}

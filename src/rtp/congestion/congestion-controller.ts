import type { Milli } from '../../time.ts';
import type { FeedbackOutcome, PacketOutcome } from '../send/send-log.ts';
import type { CongestionControl, Probe } from './congestion.ts';
import { DelayDetector } from './delay/delay-detector.ts';
import { StandingQueue } from './delay/standing-queue.ts';
import { InFlightWindow } from './in-flight-window.ts';
import { LossBasedLimit } from './loss/loss-based-limit.ts';
import { ReportedLossRate } from './loss/reported-loss-rate.ts';
import { ApplicationLimit } from './probe/application-limit.ts';
import { ProbeEstimator, type ProbeResult } from './probe/probe-estimator.ts';
import { ProbePlan } from './probe/probe-plan.ts';
import { AcknowledgedRate } from './rate/acknowledged-rate.ts';
import { Aimd } from './rate/aimd.ts';
import { Silence } from './silence.ts';

/** Of the rate before an interruption, what is sent after it until a probe says that all of it fits. */
const RESUMED_SHARE = 0.7;
/** Of what arrives through a link that has become narrow: the rest lets its queue drain. */
const NARROW_SHARE = 0.85;
/** A short stall looks the same at first: each feedback lowers the rate no further than to this part of it. */
const NARROW_STEP = 0.5;

type Received = PacketOutcome & { readonly arrivedAt: Milli };

/** Google congestion control, draft-ietf-rmcat-gcc-02, in the form that libwebrtc has given it. Bits a second. */
export class CongestionController implements CongestionControl {
  readonly #minimum: number;
  #maximum: number;
  readonly #delay = new DelayDetector();
  readonly #queue = new StandingQueue();
  readonly #acknowledged = new AcknowledgedRate();
  readonly #aimd: Aimd;
  readonly #loss = new LossBasedLimit();
  readonly #reported: ReportedLossRate;
  readonly #limit = new ApplicationLimit();
  readonly #prober = new ProbeEstimator();
  readonly #plan: ProbePlan;
  readonly #silence = new Silence();
  readonly #window = new InFlightWindow();
  #roundTrip: Milli = 0;
  #full = false;
  /** What the receiver says that it can take. */
  #receiverLimit = Infinity;
  /** There is transport-wide feedback, so reports say nothing new. */
  #heard = false;
  /** Packets sent before this were lost to an interruption, not to a full queue. */
  #interruptedUntil: Milli = -Infinity;

  /** @param options bits a second: where to begin, and the bounds of the estimate */
  constructor(options: { readonly start: number; readonly minimum: number; readonly maximum: number }) {
    const { start, minimum, maximum } = options;
    if (!(minimum > 0 && minimum <= maximum && start > 0)) {
      throw new TypeError(`rates must be positive and in order [start:${start},minimum:${minimum},maximum:${maximum}]`);
    }
    this.#minimum = minimum;
    this.#maximum = maximum;
    this.#aimd = new Aimd(options);
    this.#reported = new ReportedLossRate(options);
    this.#plan = new ProbePlan(options);
  }

  get estimate(): number {
    const rate = this.#heard
      ? Math.min(this.#aimd.rate, this.#loss.limit) * this.#queue.share * this.#silence.share
      : this.#reported.rate;
    return Math.max(this.#minimum, Math.min(rate, this.#receiverLimit, this.#maximum));
  }

  get queue(): Milli {
    return this.#queue.delay;
  }

  get full(): boolean {
    return this.#full;
  }

  get nextAt(): Milli {
    return Math.min(this.#plan.nextAt, this.#silence.nextAt);
  }

  get maximum(): number {
    return this.#maximum;
  }

  set maximum(bitsPerSecond: number) {
    this.#maximum = Math.max(this.#minimum, bitsPerSecond);
    this.#aimd.maximum = this.#maximum;
    this.#reported.maximum = this.#maximum;
    this.#plan.maximum = this.#maximum;
  }

  onFeedback(outcome: FeedbackOutcome, now: Milli): void {
    const { packets } = outcome;
    if (packets.length === 0) return;
    this.#heard = true;
    if (this.#silence.onFeedback()) this.#resume(now);
    const received = packets.filter((packet): packet is Received => packet.arrivedAt !== undefined);
    received.sort((a, b) => a.arrivedAt - b.arrivedAt);
    for (const { size, arrivedAt } of received) this.#acknowledged.push(size, arrivedAt, this.#limit.limited);
    this.#learnDelay(received, now);
    this.#window.onFeedback(received, now);
    this.#full = this.#window.isFull(outcome.inFlight, this.#roundTrip, now);
    if (this.#full) this.#narrow(now);
    this.#loss.push(
      packets.filter(({ sentAt }) => sentAt > this.#interruptedUntil),
      this.#aimd.rate,
      this.#acknowledged.rate,
    );
    this.#plan.onEstimate(Math.min(this.#aimd.rate, this.#loss.limit), now);
  }

  onSent(size: number, now: Milli): void {
    const wasLimited = this.#limit.limited;
    this.#limit.onSent(size, this.estimate, now);
    if (wasLimited && !this.#limit.limited) this.#acknowledged.expectChange();
    this.#silence.onSent(now);
    this.#window.onSent(size, now);
  }

  onLoss(fractionLost: number, now: Milli): void {
    if (!this.#heard) this.#reported.onLoss(fractionLost, now);
  }

  onReceiverEstimate(bitsPerSecond: number, _now: Milli): void {
    this.#receiverLimit = bitsPerSecond;
  }

  onRoundTrip(roundTrip: Milli): void {
    this.#roundTrip = roundTrip;
    this.#aimd.roundTrip = roundTrip;
    this.#silence.roundTrip = roundTrip;
  }

  poll(now: Milli): Probe | undefined {
    this.#silence.poll(now);
    if (this.#silence.share < 1) return undefined;
    const probe = this.#plan.poll(now);
    if (probe) this.#prober.expect(probe);
    return probe;
  }

  #learnDelay(received: readonly Received[], now: Milli): void {
    if (received.length === 0) return;
    this.#queue.push(
      received.reduce((least, { sentAt, arrivedAt }) => Math.min(least, arrivedAt - sentAt), Infinity),
      now,
    );
    const usage = this.#delay.push(received, now);
    const acknowledged = this.#acknowledged.rate;
    const probed = this.#prober.push(received);
    if (probed) this.#plan.onAnswer(now);
    if (usage === 'over') {
      const before = this.#plan.onOveruse(now);
      if (before !== undefined && before < this.#aimd.rate) this.#aimd.set(before, now);
    } else if (probed && this.#tells(probed, acknowledged)) {
      this.#aimd.onProbe(probed.rate, probed.saturated, now);
      this.#acknowledged.expectChange();
      return;
    }
    this.#aimd.update(usage, acknowledged, this.#limit.limited, now);
  }

  /**
   * A probe can be slowed by more than a full link, so it lowers the estimate only where nothing better is known. One that
   * filled the link took others' share of it: it raises the estimate only until the link has been seen full.
   */
  #tells({ rate, saturated }: ProbeResult, acknowledged: number | undefined): boolean {
    if (acknowledged === undefined) return true;
    return rate > this.#aimd.rate && !(saturated && this.#aimd.capacity !== undefined);
  }

  /** The trend of the delay will say so too, when the packets that wait now have arrived. */
  #narrow(now: Milli): void {
    const before = this.#aimd.rate;
    const rate = Math.max(NARROW_STEP * before, NARROW_SHARE * this.#window.arriving);
    if (rate >= before) return;
    this.#aimd.set(rate, now);
    this.#acknowledged.expectChange();
  }

  #resume(now: Milli): void {
    const before = this.#aimd.rate;
    this.#interruptedUntil = now;
    this.#delay.reset();
    this.#loss.reset();
    this.#acknowledged.reset();
    this.#aimd.set(before * RESUMED_SHARE, now);
    this.#plan.resume(before, this.#aimd.rate, now);
  }
}

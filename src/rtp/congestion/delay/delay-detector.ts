import type { Milli } from '../../../time.ts';
import type { PacketOutcome } from '../../send/send-log.ts';
import { InterArrival } from './inter-arrival.ts';
import { OveruseDetector, type Usage } from './overuse-detector.ts';
import { Trendline } from './trendline.ts';

/** After so long without packets, what came before says nothing about the way now. */
const PAUSE: Milli = 2000;

/** Feedback in, verdict on the queue out: groups, their trend, and the threshold, put together. */
export class DelayDetector {
  readonly #groups = new InterArrival();
  #trendline = new Trendline();
  #detector = new OveruseDetector();
  #toldAt: Milli | undefined;

  get usage(): Usage {
    return this.#detector.usage;
  }

  /** @param received packets that arrived, in order of arrival */
  push(received: readonly (PacketOutcome & { readonly arrivedAt: Milli })[], now: Milli): Usage {
    if (received.length === 0) return this.usage;
    if (now - (this.#toldAt ?? now) > PAUSE) this.reset();
    this.#toldAt = now;
    for (const { sentAt, arrivedAt } of received) {
      const delta = this.#groups.push(sentAt, arrivedAt, now);
      if (delta === undefined) continue;
      const slope = this.#trendline.push(delta.arrived - delta.sent, arrivedAt);
      this.#detector.detect(slope, delta.sent, arrivedAt);
    }
    return this.usage;
  }

  /** The way has changed, or was interrupted. */
  reset(): void {
    this.#groups.reset();
    this.#trendline = new Trendline();
    this.#detector = new OveruseDetector();
  }
}

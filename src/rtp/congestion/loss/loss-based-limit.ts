import type { PacketOutcome } from '../../send/send-log.ts';
import { lossLikelihood } from './loss-likelihood.ts';
import { LossWindow, type LossSpan } from './loss-window.ts';

/** Loss below this in the window is none: the limit goes up. */
const LOW_LOSS = 0.02;
/** Steps from the present limit that are tried with each span; more than the first it never goes up at once. */
const STEPS = [1.05, 1, 0.95] as const;

/**
 * A limit for links that lose what is too much instead of queueing it. Loss that does not grow with the rate is the
 * link's own: it is no reason to send less. Each span (250 ms) the capacity is chosen that explains the loss of the last
 * 5 s best, out of a few near the present limit.
 */
export class LossBasedLimit {
  readonly #window = new LossWindow();
  #limit = Infinity;

  /** Bits a second; `Infinity` if loss says nothing against any rate. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * @param packets what feedback told, in sending order
   * @param unlimited the rate that would be sent if there was no loss, bits a second
   * @param acknowledged what arrives, bits a second
   */
  push(packets: readonly PacketOutcome[], unlimited: number, acknowledged: number | undefined): void {
    if (!this.#window.push(packets)) return;
    const spans = this.#window.spans;
    const present = Math.min(this.#limit, unlimited);
    let best = present * STEPS[0];
    if (fractionLost(spans) >= LOW_LOSS) {
      const candidates = [...STEPS.map((step) => step * present), ...(acknowledged ? [acknowledged] : [])];
      best = mostLikely(
        spans,
        candidates.map((candidate) => Math.min(candidate, best, unlimited)),
      );
    }
    this.#limit = best >= unlimited ? Infinity : best;
  }

  /** The link is another, or was interrupted. */
  reset(): void {
    this.#window.clear();
    this.#limit = Infinity;
  }
}

function mostLikely(spans: readonly LossSpan[], candidates: readonly number[]): number {
  let [best, bestLikelihood] = [candidates[0] ?? Infinity, -Infinity];
  for (const candidate of candidates) {
    const likelihood = lossLikelihood(spans, candidate);
    if (likelihood > bestLikelihood) [best, bestLikelihood] = [candidate, likelihood];
  }
  return best;
}

function fractionLost(spans: readonly LossSpan[]): number {
  let [packets, lost] = [0, 0];
  for (const span of spans) {
    packets += span.packets;
    lost += span.lost;
  }
  return packets === 0 ? 0 : lost / packets;
}

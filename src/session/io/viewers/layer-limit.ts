import type { EncodedChunk } from '../../../codec/codec.ts';
import type { Milli } from '../../../time.ts';
import { PICTURES_SHARE } from './pictures-share.ts';

/** What is encoded is judged over about so long. */
const SPAN: Milli = 2000;
/** A layer is added once the way has carried it with so much to spare, for so long; it is left out at once. */
const SPARE = 0.8;
const PATIENCE: Milli = 2000;

/** Bits a second of each temporal layer together with those below it, smoothed. The same for all viewers of a session. */
export class LayerRates {
  readonly #bytes: [number, number, number] = [0, 0, 0];
  #at: Milli | undefined;

  onChunk({ data, temporal }: EncodedChunk, now: Milli): void {
    const kept = Math.exp(((this.#at ?? now) - now) / SPAN);
    this.#at = now;
    const layer = temporal?.layer ?? 0;
    for (const each of [0, 1, 2] as const)
      this.#bytes[each] = this.#bytes[each] * kept + (each >= layer ? data.length : 0);
  }

  /** Up to this layer. */
  upTo(layer: 0 | 1 | 2): number {
    return (this.#bytes[layer] * 8000) / SPAN;
  }
}

/**
 * Which temporal layers one viewer gets: those that its own way carries. Nobody else's pictures change for it. A layer
 * can be left out from any chunk on; it comes back at one that needs layer 0 alone.
 */
export class LayerLimit {
  readonly #rates: LayerRates;
  /** The highest layer that the way carries. */
  #limit: 0 | 1 | 2 = 2;
  /** The highest layer without a hole: above it nothing can be decoded before its next sync chunk. */
  #whole: 0 | 1 | 2 = 2;
  #spareSince: Milli | undefined;

  constructor(rates: LayerRates) {
    this.#rates = rates;
  }

  get limit(): 0 | 1 | 2 {
    return this.#limit;
  }

  /** Whether the viewer gets this chunk. @param estimate bits a second that its way carries */
  admit({ keyframe, temporal }: EncodedChunk, estimate: number, now: Milli): boolean {
    this.#follow(estimate * PICTURES_SHARE, now);
    if (keyframe) this.#whole = 2;
    if (keyframe || temporal === undefined) return true;
    const { layer, sync } = temporal;
    if (layer > this.#limit) {
      this.#whole = below(this.#whole, this.#limit);
      return false;
    }
    if (layer > this.#whole) {
      if (!sync) return false;
      this.#whole = layer;
    }
    return true;
  }

  #follow(carried: number, now: Milli): void {
    while (this.#limit > 0 && this.#rates.upTo(this.#limit) > carried) {
      this.#limit = this.#limit === 2 ? 1 : 0;
      this.#spareSince = undefined;
    }
    if (this.#limit === 2) return;
    const next = this.#limit === 0 ? 1 : 2;
    if (this.#rates.upTo(next) > SPARE * carried) {
      this.#spareSince = undefined;
      return;
    }
    this.#spareSince ??= now;
    if (now - this.#spareSince < PATIENCE) return;
    this.#limit = next;
    this.#spareSince = undefined;
  }
}

function below(one: 0 | 1 | 2, other: 0 | 1 | 2): 0 | 1 | 2 {
  return one < other ? one : other;
}

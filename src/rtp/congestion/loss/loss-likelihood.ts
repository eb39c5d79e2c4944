import type { LossSpan } from './loss-window.ts';

/** Weight of a span against the next newer one. */
const AGEING = 0.9;
/**
 * Most loss that may be blamed on the way itself, not on too high a rate: an eighth, and more where little is sent. The
 * part that grows as the rate falls ends the fall.
 */
const INHERENT_LIMIT = 0.125;
const INHERENT_EXTRA = 50_000;
const LEAST_LOSS = 1e-4;
/** Steps of the search for the most likely loss of the way itself: to 2 % of the range. */
const SEARCH_STEPS = 9;
/** Worth of a higher capacity, in nats per e-fold: by chance, loss looks as if it grew with the rate. */
const BIAS = 20;

/**
 * How well a link of `capacity` bits a second explains the loss in `spans`, whatever share it loses anyway: each span
 * should lose p = p0 + (1 − p0)(1 − capacity/rate), or p0 if less was sent. The model of libwebrtc's loss-based
 * estimator, version 2. Higher is better, only differences mean anything.
 */
export function lossLikelihood(spans: readonly LossSpan[], capacity: number): number {
  const limit = Math.min(0.9, INHERENT_LIMIT + INHERENT_EXTRA / capacity);
  let [from, to] = [LEAST_LOSS, limit];
  // The likelihood is concave in p0, so a search by thirds finds its top.
  for (let step = 0; step < SEARCH_STEPS; step++) {
    const third = (to - from) / 3;
    if (likelihood(spans, capacity, from + third) < likelihood(spans, capacity, to - third)) from += third;
    else to -= third;
  }
  return likelihood(spans, capacity, (from + to) / 2) + BIAS * Math.log(capacity);
}

function likelihood(spans: readonly LossSpan[], capacity: number, inherent: number): number {
  let [sum, weight] = [0, 1];
  for (let index = spans.length - 1; index >= 0; index--) {
    const span = spans[index];
    if (span === undefined) break;
    const { packets, lost, rate } = span;
    const overflow = rate > capacity ? 1 - capacity / rate : 0;
    const loss = inherent + (1 - inherent) * overflow;
    sum += weight * (lost * Math.log(loss) + (packets - lost) * Math.log(1 - loss));
    weight *= AGEING;
  }
  return sum;
}

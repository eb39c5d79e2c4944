import type { Milli } from '../../src/time.ts';
import type { Script } from './play.ts';

/** The links of the bench and of the tests that go with it; times after the beginning. */
export const DELAY: Milli = 25;
const back = { delay: DELAY };

/** One flow that could use 8 Mbit/s, alone on a link of `rate` kbit/s with 300 ms of queue. */
export function steady(rate: number, duration: Milli): Omit<Script, 'seed'> {
  const forward = { rate, queue: 300, delay: DELAY };
  return { duration, forward, back, flows: [{ start: 800_000, maximum: Math.max(3_000_000, 2500 * rate) }] };
}

/** What the cap is, kbit/s, and when it comes and goes. */
export const CAP = { rate: 1000, from: 8000, to: 28_000 } as const;

/** One flow of 2.5 Mbit/s on a wide link that is capped to 1 Mbit/s with 500 ms of queue, and widened again. */
export function capped(duration: Milli): Omit<Script, 'seed'> {
  return {
    duration,
    forward: { queue: 500, delay: DELAY },
    back,
    flows: [{ maximum: 2_500_000 }],
    changes: [
      { at: CAP.from, forward: { rate: CAP.rate } },
      { at: CAP.to, forward: { rate: Infinity } },
    ],
  };
}

/** Two flows that could use 3 Mbit/s each on a link of that; the second begins `late` ms after the first. */
export function shared(duration: Milli, late: Milli): Omit<Script, 'seed'> {
  return {
    duration,
    forward: { rate: 3000, queue: 300, delay: DELAY },
    back,
    flows: [{}, { startAt: late }],
  };
}

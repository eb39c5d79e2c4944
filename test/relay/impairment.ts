import type { Milli } from '../../src/time.ts';

/** What a link does to packets in one direction. Nothing, unless a field says so. */
export interface Impairment {
  /** Share of packets that are lost, percent, 0–100. */
  readonly loss: number;
  /** Mean length of a run of lost packets; 1 loses each packet on its own, more is Gilbert's two-state model. */
  readonly burst: number;
  /** Time on the way, ms. */
  readonly delay: Milli;
  /** Up to so much more time on the way, ms, uniform. */
  readonly jitter: Milli;
  /** True if jitter never lets a packet overtake another, as in most networks. Default true. */
  readonly ordered: boolean;
  /** What the bottleneck carries, kbit/s of UDP payload; Infinity if there is none. */
  readonly rate: number;
  /** A packet that would wait longer than this for the bottleneck is dropped, ms. */
  readonly queue: Milli;
  /** Share of packets that come twice, percent. */
  readonly duplicate: number;
  /** Share of packets that are held back behind later ones, percent. */
  readonly reorder: number;
  /** Nothing comes through. */
  readonly cut: boolean;
}

/** A link that does nothing to packets. */
export const CLEAN: Impairment = {
  loss: 0,
  burst: 1,
  delay: 0,
  jitter: 0,
  ordered: true,
  rate: Infinity,
  queue: 500,
  duplicate: 0,
  reorder: 0,
  cut: false,
};

/** Applies a change. @throws TypeError if a field is out of its range */
export function changed(before: Impairment, change: Partial<Impairment>): Impairment {
  const after = { ...before, ...change };
  for (const key of ['loss', 'duplicate', 'reorder'] as const)
    check(after[key] >= 0 && after[key] <= 100, key, after[key], '0–100 %');
  for (const key of ['delay', 'jitter', 'queue'] as const)
    check(after[key] >= 0 && after[key] <= 60_000, key, after[key], '0–60,000 ms');
  check(after.burst >= 1, 'burst', after.burst, 'at least 1 packet');
  check(after.rate > 0, 'rate', after.rate, 'above 0 kbit/s');
  return after;
}

function check(good: boolean, key: string, value: number, range: string): void {
  if (!good) throw new TypeError(`an impairment must be in range: ${range} [${key}:${value}]`);
}

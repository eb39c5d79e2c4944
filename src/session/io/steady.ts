import type { Milli } from '../../time.ts';

/** Frames that the path's latency is judged by: two seconds at 30 fps. */
const WINDOW = 60;
/** Fewer say nothing. */
const ENOUGH = 15;
/** The quantiles are taken anew after so many frames. */
const REFRESH = 10;
/** Spread (p95 − p50) from which frames are held, and below which they are not any more. */
const HOLD_ABOVE: Milli = 8;
const FREE_BELOW: Milli = 6;
/** A held frame leaves so long before its deadline: timers and the pacer need a moment. */
const MARGIN: Milli = 5;

interface Held<T> {
  readonly item: T;
  readonly releaseAt: Milli;
}

/**
 * Evens out how long frames take. A receiver's jitter buffer grows with the spread of the latency, not with its median;
 * where the spread is large, frames that were quick wait until the slow ones would be done too, never past their
 * deadline. In order always.
 */
export class Steady<T> {
  readonly #latencies: Milli[] = [];
  readonly #held: Held<T>[] = [];
  #seen = 0;
  /** What every frame is made to take at least; 0 while the path is even enough. */
  #target: Milli = 0;

  /** When `due` has something to hand out; `Infinity` if nothing is held. */
  get nextAt(): Milli {
    return this.#held[0]?.releaseAt ?? Infinity;
  }

  /** What frames are made to take at least now, milliseconds; 0 if they are not held. */
  get target(): Milli {
    return this.#target;
  }

  /** A frame is finished. `due` gives it back when it may leave. */
  push(item: T, times: { readonly decodable: Milli; readonly deadline: Milli; readonly now: Milli }): void {
    const { decodable, deadline, now } = times;
    this.#note(now - decodable);
    const before = this.#held.at(-1)?.releaseAt ?? -Infinity;
    const wanted = Math.min(decodable + this.#target, deadline - MARGIN);
    this.#held.push({ item, releaseAt: Math.max(wanted, before, now) });
  }

  /** What may leave at `now`, in order. */
  due(now: Milli): T[] {
    let count = 0;
    while ((this.#held[count]?.releaseAt ?? Infinity) <= now) count++;
    return this.#held.splice(0, count).map(({ item }) => item);
  }

  #note(latency: Milli): void {
    this.#latencies[this.#seen % WINDOW] = latency;
    if (++this.#seen % REFRESH !== 0 || this.#latencies.length < ENOUGH) return;
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (fraction: number): Milli => sorted[Math.floor(sorted.length * fraction)] ?? 0;
    const [p50, p95] = [at(0.5), at(0.95)];
    const limit = this.#target > 0 ? FREE_BELOW : HOLD_ABOVE;
    this.#target = p95 - p50 > limit ? p95 : 0;
  }
}

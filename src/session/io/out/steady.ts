import type { Milli } from '../../../time.ts';

/** Frames that the path's latency is judged by: two seconds at 30 fps. */
const WINDOW = 60;
/** Fewer say nothing. */
const ENOUGH = 15;
/** The quantiles are taken anew after so many frames. */
const REFRESH = 10;
/**
 * A spread that a receiver's jitter buffer hardly notices. Frames are held to within it of the slow ones, not until
 * these are done: that would make every frame as late as the slowest twentieth.
 */
const TOLERATED: Milli = 8;
/** Frames are held for this part of their budget at most: a timer or a receiver that is late must not make them late. */
const BUDGET_PART = 0.6;

interface Held<T> {
  readonly item: T;
  readonly releaseAt: Milli;
}

/**
 * Evens out how long frames take. A receiver's jitter buffer grows with the spread of the latency, not with its median;
 * where the slow frames (p95) take over 8 ms longer than the others, the others wait, well within their deadline. In
 * order always.
 */
export class Steady<T> {
  readonly #latencies: Milli[] = [];
  readonly #held: Held<T>[] = [];
  #seen = 0;
  /** What every frame is made to take at least: no more than it takes anyway while the path is even. */
  #target: Milli = 0;

  /** When `due` has something to hand out; `Infinity` if nothing is held. */
  get nextAt(): Milli {
    return this.#held[0]?.releaseAt ?? Infinity;
  }

  /** What frames are made to take at least now, milliseconds. */
  get target(): Milli {
    return this.#target;
  }

  /** A frame is finished. `due` gives it back when it may leave. */
  push(item: T, times: { readonly decodable: Milli; readonly deadline: Milli; readonly now: Milli }): void {
    const { decodable, deadline, now } = times;
    this.#note(now - decodable);
    const before = this.#held.at(-1)?.releaseAt ?? -Infinity;
    const wanted = decodable + Math.min(this.#target, (deadline - decodable) * BUDGET_PART);
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
    const slow = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
    this.#target = Math.max(0, slow - TOLERATED);
  }
}

import type { Milli } from '../../../time.ts';

/** Most that are kept of one second: 120 fps. */
const LIMIT = 120;

/** Durations of the last second. */
export class Latencies {
  #values: Milli[] = [];

  note(latency: Milli): void {
    if (this.#values.length < LIMIT) this.#values.push(latency);
  }

  /** Median and 99th percentile since the last call; 0 if there was nothing. */
  take(): { readonly p50: Milli; readonly p99: Milli } {
    const sorted = this.#values.sort((a, b) => a - b);
    this.#values = [];
    const at = (fraction: number): Milli =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  }
}

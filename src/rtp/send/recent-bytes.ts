import type { Milli } from '../../time.ts';

/** Bytes, of which those that are older than the span count ever less. */
export class RecentBytes {
  readonly #span: Milli;
  #sum = 0;
  #at: Milli = 0;

  constructor(span: Milli) {
    this.#span = span;
  }

  add(bytes: number, now: Milli): void {
    this.#sum = this.at(now) + bytes;
    this.#at = now;
  }

  at(now: Milli): number {
    return this.#sum * Math.exp(-Math.max(0, now - this.#at) / this.#span);
  }
}

/** Packets behind the newest that are still told apart: a resend may come a second late, 1024 packets at 8 Mb/s. */
const WINDOW = 1024;

/**
 * Remembers which packet indices have been seen (RFC 3711 §3.3.2). Two steps, because a packet may be noted only after
 * its authentication: `isFresh` before, `note` after.
 */
export class ReplayWindow {
  #newest = -1;
  /** Bit `index % WINDOW`. */
  readonly #seen = new Uint32Array(WINDOW / 32);

  /** The highest index noted, −1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** False if the index was noted before or is too old to know. */
  isFresh(index: number): boolean {
    if (index > this.#newest) return true;
    if (index <= this.#newest - WINDOW) return false;
    return ((this.#seen[(index % WINDOW) >>> 5] ?? 0) & (1 << (index & 31))) === 0;
  }

  note(index: number): void {
    if (index > this.#newest) {
      if (index - this.#newest >= WINDOW) this.#seen.fill(0);
      else for (let skipped = this.#newest + 1; skipped < index; skipped++) this.#set(skipped, false);
      this.#newest = index;
    }
    this.#set(index, true);
  }

  #set(index: number, seen: boolean): void {
    const word = (index % WINDOW) >>> 5;
    const bit = 1 << (index & 31);
    const value = this.#seen[word] ?? 0;
    this.#seen[word] = seen ? value | bit : value & ~bit;
  }
}

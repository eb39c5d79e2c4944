/** `to − from` of two 16-bit sequence numbers, −32768 … 32767: positive if `to` is the later one across a wrap. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Turns 16-bit sequence numbers into ones that never wrap, by staying closest to the highest seen. */
export class SequenceUnwrapper {
  #highest: number | undefined;

  /** The highest number given out; `undefined` before the first. Its low 16 bits are the sequence number. */
  get highest(): number | undefined {
    return this.#highest;
  }

  /** Extended number of `sequence`. Moves `highest` on if it is newer. */
  unwrap(sequence: number): number {
    const extended = this.peek(sequence);
    if (this.#highest === undefined || extended > this.#highest) this.#highest = extended;
    return extended;
  }

  /** Like `unwrap`, without remembering. */
  peek(sequence: number): number {
    if (this.#highest === undefined) return sequence;
    return this.#highest + sequenceDistance(this.#highest & 0xffff, sequence);
  }

  /** Starts anew at `extended`, after the source has jumped. */
  restart(extended: number): void {
    this.#highest = extended;
  }
}

import { SequenceUnwrapper } from '../packet/sequence.ts';

/** Larger jumps than this, either way, mean that the source has started anew (RFC 3550 A.1 uses 3,000 and 100). */
const JUMP_LIMIT = 2000;

/** What the gate makes of a sequence number. */
export type Admission =
  | { readonly kind: 'in'; readonly position: number }
  /** The source counts from elsewhere now: nothing before has to do with what follows. */
  | { readonly kind: 'restart'; readonly position: number }
  /** A stray, or the first of a new count: it is known by the next. */
  | { readonly kind: 'refused' };

const REFUSED: Admission = { kind: 'refused' };

/** Extends sequence numbers, and believes a big jump only when a second packet confirms it. */
export class SequenceGate {
  readonly #unwrapper = new SequenceUnwrapper();
  /** The sequence number that would confirm a jump. */
  #confirming: number | undefined;

  /** @param resent true for an RTX packet: what is asked for again is old, and never begins a new count */
  admit(sequence: number, resent = false): Admission {
    const highest = this.#unwrapper.highest;
    const position = this.#unwrapper.peek(sequence);
    if (highest === undefined || Math.abs(position - highest) <= JUMP_LIMIT) {
      this.#confirming = undefined;
      return { kind: 'in', position: this.#unwrapper.unwrap(sequence) };
    }
    if (resent) return REFUSED;
    if (sequence !== this.#confirming) {
      this.#confirming = (sequence + 1) & 0xffff;
      return REFUSED;
    }
    this.#confirming = undefined;
    // Two cycles on, so that positions before and after the jump can never be mixed up.
    const anew = (Math.floor(highest / 0x10000) + 2) * 0x10000 + sequence;
    this.#unwrapper.restart(anew);
    return { kind: 'restart', position: anew };
  }
}

import type { Outcome } from '../../session/pixel.ts';

/** How many pictures came out how. */
export class Tally {
  readonly #counts: Record<Outcome, number> = { swapped: 0, reused: 0, hidden: 0, clear: 0 };

  add(outcome: Outcome): void {
    this.#counts[outcome]++;
  }

  get total(): number {
    return this.#counts.swapped + this.#counts.hidden + this.#counts.clear;
  }

  /** Like `295 swapped, 5 hidden`. */
  toString(): string {
    const named = { swapped: 'swapped', hidden: 'hidden (no face to swap)', clear: 'as they were' };
    const parts = (['swapped', 'hidden', 'clear'] as const).filter((outcome) => this.#counts[outcome] > 0);
    return parts.map((outcome) => `${this.#counts[outcome]} ${named[outcome]}`).join(', ') || 'none';
  }
}

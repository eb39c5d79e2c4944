import { PICTURES_SHARE } from './pictures-share.ts';

/** What the small encoding may take of the main one's bits: with half the width and height it then looks no worse. */
const MOST = 0.35;
/** ... and what it must have: whoever carries less does not make it coarser for the others. */
const LEAST = 0.1;
/** A change that is smaller is not worth telling. */
const STEP = 0.1;

/** Who needs the small encoding, and how many bits a second suit all of them: the slowest decides, within bounds. */
export class SmallDemand<Who> {
  readonly #estimates = new Map<Who, number>();
  readonly #main: number;
  readonly #tell: (bitsPerSecond: number | null) => void;
  #told: number | null = null;

  /** @param main most bits a second of the main encoding @param tell null: nobody needs it any more */
  constructor(main: number, tell: (bitsPerSecond: number | null) => void) {
    this.#main = main;
    this.#tell = tell;
  }

  /** @param estimate bits a second that its way carries */
  need(who: Who, estimate: number): void {
    this.#estimates.set(who, estimate);
    this.#follow();
  }

  leave(who: Who): void {
    if (this.#estimates.delete(who)) this.#follow();
  }

  #follow(): void {
    const told = this.#told;
    if (this.#estimates.size === 0) {
      if (told !== null) this.#say(null);
      return;
    }
    const slowest = Math.min(...this.#estimates.values()) * PICTURES_SHARE;
    const rate = Math.round(Math.min(MOST * this.#main, Math.max(LEAST * this.#main, slowest)));
    if (told === null || Math.abs(rate - told) > STEP * told) this.#say(rate);
  }

  #say(rate: number | null): void {
    this.#told = rate;
    this.#tell(rate);
  }
}

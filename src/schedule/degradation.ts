/**
 * The degradation ladder of a stream: each step costs less GPU time than the one before, the last none. What a step means is done
 * by whoever makes the crops; `hidden` still shows no face.
 */
export const LADDER = [
  'whole',
  'enhancer off',
  'fewer faces',
  'every second frame',
  'smaller crop',
  'lower frame rate',
  'hidden',
] as const;
export type Step = (typeof LADDER)[number];
export const LAST_LEVEL = LADDER.length - 1;
/** Level from which on enhancers are left out. */
export const ENHANCER_OFF = LADDER.indexOf('enhancer off');
const FEWER_FACES = LADDER.indexOf('fewer faces');
const SMALLER_CROP = LADDER.indexOf('smaller crop');

/** Below this share of its frames in time a stream goes a step down; it comes up again only above the other one. */
const BAD = 0.9;
const GOOD = 0.97;
/** So few frames in a review say nothing. */
const ENOUGH = 5;
/** Good reviews in a row before a step up; doubled, up to the most, each time that the step up did not hold. */
const PATIENCE = 4;
const MOST_PATIENCE = 64;
/** A step up has held after so many reviews. */
const HELD = 16;

/** What was seen of a stream since the last review. */
export interface Seen {
  /** Frames offered, and of them those that were swapped. Reused crops are not among them. */
  readonly offered: number;
  readonly served: number;
  /** Frames are being lost on its GPU, its own or others'. */
  readonly overloaded: boolean;
}

/** What a stream could do less of. */
export interface Spendings {
  readonly enhancer: boolean;
  readonly faces: number;
  /** Its large faces are cut more finely than the network takes them. */
  readonly boosted: boolean;
}

/** Where a stream stands on the ladder. Pure: reviewed about once a second. */
export class Degradation {
  /** Steps that would change nothing for the stream. */
  readonly #idle: ReadonlySet<number>;
  #level = 0;
  #good = 0;
  #patience = PATIENCE;
  /** Reviews since the last step up. */
  #sinceUp = Infinity;

  constructor({ enhancer, faces, boosted }: Spendings) {
    const steps = [
      ...(enhancer ? [] : [ENHANCER_OFF]),
      ...(faces > 1 ? [] : [FEWER_FACES]),
      ...(boosted ? [] : [SMALLER_CROP]),
    ];
    this.#idle = new Set(steps);
  }

  /** Index into `LADDER`. */
  get level(): number {
    return this.#level;
  }

  /** It would go up now if that is allowed. */
  get isReady(): boolean {
    return this.#level > 0 && this.#good >= this.#patience;
  }

  /** Takes in what was seen. Goes down at once if too few of its frames are in time. */
  review({ offered, served, overloaded }: Seen): void {
    this.#sinceUp++;
    if (this.#sinceUp > HELD && this.#level === 0) this.#patience = PATIENCE;
    if (offered >= ENOUGH && served < BAD * offered) this.#down();
    else if (!overloaded && served >= GOOD * offered) this.#good++;
    else this.#good = 0;
  }

  /** A step up. The caller lets only some streams up at a time, so that not all load comes back at once. */
  up(): void {
    this.#level = this.#next(-1);
    this.#good = 0;
    this.#sinceUp = 0;
  }

  #down(): void {
    if (this.#sinceUp <= HELD) this.#patience = Math.min(MOST_PATIENCE, this.#patience * 2);
    this.#level = this.#next(1);
    this.#good = 0;
    this.#sinceUp = Infinity;
  }

  #next(direction: 1 | -1): number {
    let level = this.#level + direction;
    while (this.#idle.has(level)) level += direction;
    return Math.min(LAST_LEVEL, Math.max(0, level));
  }
}

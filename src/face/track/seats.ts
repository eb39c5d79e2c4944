import type { Box } from '../../media/plane.ts';
import type { Milli } from '../../time.ts';
import type { SpottedFace } from '../find-faces.ts';
import { overlap } from '../mesh/region.ts';

/** For how long a face that turned away keeps its seat, while a detector still sees it. */
const SEAT_KEPT: Milli = 5000;
/** Overlap of a detection with a place where a face is or was. */
const SAME_PLACE = 0.3;
/** Places that are remembered as posters'. */
const MOST_POSTERS = 8;

/** A face that is seen but cannot be followed for now. */
interface Absent {
  box: Box;
  readonly since: Milli;
}

/**
 * Who may be followed when there are more faces than seats: first those who only turned away, then the largest, and last
 * what was still for so long that it may be a poster.
 */
export class Seats {
  #absent: Absent[] = [];
  #posters: readonly Box[] = [];

  /** A followed face turned away: its seat is kept. */
  keep(box: Box, at: Milli): void {
    this.#absent.push({ box, since: at });
  }

  /** A still face gave way: it is followed again only if there is nobody else. */
  release(box: Box): void {
    this.#posters = [...this.#posters, box].slice(-MOST_POSTERS);
  }

  /** Takes what a search found; follows absent faces as they move, forgets those that are gone. */
  update(found: readonly SpottedFace[], at: Milli): void {
    this.#absent = this.#absent.filter((one) => {
      const now = found.find(({ box }) => overlap(box, one.box) >= SAME_PLACE);
      if (now) one.box = now.box;
      return now !== undefined && at - one.since < SEAT_KEPT;
    });
  }

  /** Those found, best first. */
  rank(found: readonly SpottedFace[]): SpottedFace[] {
    const order = (one: SpottedFace): number => (this.#isAbsent(one) ? 0 : this.isPoster(one) ? 2 : 1);
    return [...found].sort((a, b) => order(a) - order(b) || areaOf(b) - areaOf(a));
  }

  /** True if there is a seat for this one. */
  isFree(one: SpottedFace, taken: number, maximum: number): boolean {
    return taken + (this.#isAbsent(one) ? 0 : this.#absent.length) < maximum;
  }

  /** It sits now. */
  take(one: SpottedFace): void {
    this.#absent = this.#absent.filter(({ box }) => overlap(box, one.box) < SAME_PLACE);
  }

  isPoster({ box }: SpottedFace): boolean {
    return this.#posters.some((poster) => overlap(poster, box) >= SAME_PLACE);
  }

  #isAbsent({ box }: SpottedFace): boolean {
    return this.#absent.some((one) => overlap(one.box, box) >= SAME_PLACE);
  }
}

function areaOf({ box }: SpottedFace): number {
  return box.width * box.height;
}

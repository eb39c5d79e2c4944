import type { Ellipse } from '../../media/hide.ts';
import type { Box } from '../../media/plane.ts';
import type { Milli } from '../../time.ts';
import type { ExposurePolicy } from '../settings.ts';
import { headOf, sizeOf, type BoxSource } from './head.ts';

/**
 * A place where a face was and is not found any more. The person may have turned away, stepped aside or left: until that
 * is known the place stays hidden, and grows as fast as a head may move.
 */
export interface Ghost {
  readonly box: Box;
  readonly source: BoxSource;
  /** When the face was last seen. */
  readonly lostAt: Milli;
  /** How long it had been seen by then. */
  readonly seenFor: Milli;
  /** True if the face was at the rim of the picture when it was lost: then it most likely left. */
  readonly atEdge: boolean;
  /** True for the whole picture before any face has been seen: the first face answers for it, wherever it is. */
  readonly nobodyYet: boolean;
  /** How long other faces were found, all of it summed, while this one was missing. */
  attended: Milli;
  /** Searches of the whole picture since. */
  searches: number;
  /** Since when a found face is believed to be the one that was lost. */
  claimedAt: Milli | undefined;
}

/** Growth in face sizes: at once, with the time, with its square; seconds. 3 sizes after a second, the frame after two. */
const GROWTH = { atOnce: 0.15, linear: 1, square: 2 } as const;

/**
 * Time with another face found for which a ghost still grows. A search that finds one face would find the other too had it
 * moved far; so one who walked out of the picture does not hide all of it.
 */
const GROWS_ATTENDED: Milli = 1000;

/**
 * Under `never`, time with another face found after which a missing one counts as gone: twice as long as it was seen and a
 * second, so that a pattern once taken for a face does not cost much, and at most this.
 */
const GONE_AFTER = { least: 1000, inside: 10_000, atEdge: 2000 } as const;
/** Under `when-no-face`, what makes an empty scene: this many searches that found nobody there, over this time. */
const EMPTY_AFTER = { searches: 5, time: 1500 } as const;

/** A found face within so many sizes of the lost one may be it. Further off it is somebody else. */
const REACH = 3;
/** A face lost for longer than this is taken for found only after `CONFIRM`: one false find must not lift the cover. */
const FRESH: Milli = 300;
const CONFIRM: Milli = 100;
/** Time between the first face and the first picture that is not hidden: by then all of it was looked at closely. */
const FIRST_LOOK: Milli = 250;

/** How far, pixels, the edge of a head may have moved in `age` ms since it was seen. */
export function growthOf(box: Box, age: Milli): number {
  const seconds = Math.max(0, age) / 1000;
  return sizeOf(box) * (GROWTH.linear * seconds + GROWTH.square * seconds * seconds);
}

/** What must be hidden for a ghost at `now`. */
export function coverOf(ghost: Ghost, now: Milli): Ellipse {
  const { box, source, lostAt, attended } = ghost;
  const age = now - lostAt - Math.max(0, attended - GROWS_ATTENDED);
  return headOf(box, source, GROWTH.atOnce * sizeOf(box) + growthOf(box, age));
}

/** How near, in face sizes, a face must be found at `now` to be taken for the lost one. */
export function reachOf(ghost: Ghost, now: Milli): number {
  return Math.min(REACH, 1 + growthOf(ghost.box, now - ghost.lostAt) / sizeOf(ghost.box));
}

/** True once a claimed ghost's place need not be hidden any more. */
export function isFound(ghost: Ghost, now: Milli): boolean {
  if (ghost.claimedAt === undefined) return false;
  const claimed = now - ghost.claimedAt;
  if (ghost.nobodyYet) return claimed >= FIRST_LOOK;
  return claimed >= CONFIRM || ghost.claimedAt - ghost.lostAt <= FRESH;
}

/** True once a ghost that nobody claims is given up, under a policy. */
export function isGone(ghost: Ghost, policy: ExposurePolicy, now: Milli): boolean {
  switch (policy) {
    case 'never':
      // Without any face in the picture nothing says that the detector works on this scene: then it never is.
      return !ghost.nobodyYet && ghost.attended >= goneAfter(ghost);
    case 'when-no-face':
      return ghost.searches >= EMPTY_AFTER.searches && now - ghost.lostAt >= EMPTY_AFTER.time;
    case 'always':
      return true;
  }
}

function goneAfter({ atEdge, seenFor }: Ghost): Milli {
  return Math.min(atEdge ? GONE_AFTER.atEdge : GONE_AFTER.inside, GONE_AFTER.least + 2 * seenFor);
}

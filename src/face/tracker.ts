import type { I420 } from '../media/plane.ts';
import type { Milli } from '../time.ts';
import type { FaceEvent, Faces, LostReason, SeenFace } from './face.ts';
import { detectFaces, LEAST_DETECTION, type SpottedFace } from './find-faces.ts';
import { overlap } from './mesh/region.ts';
import type { FaceModels } from './models.ts';
import { FollowedFace } from './track/follow.ts';

/** Longest time between two searches of the whole picture. */
const SEARCH_PERIOD: Milli = 150;
/** Overlap of a detection and a followed face that are the same. */
const SAME_FACE = 0.25;
/** Overlap from which two followed faces have become one. */
const MERGED = 0.6;
/** Searches in a row without finding a followed face after which it is given up: a poster's corner, a hand. */
const MOST_UNCONFIRMED = 2;

/**
 * Follows the faces of one session. A search of the whole picture runs on every frame while nothing is followed or somebody
 * is seen who is not followed, and at least every 150 ms otherwise.
 */
export class FaceTracker {
  readonly #models: FaceModels;
  #maximum: number;
  #followed: FollowedFace[] = [];
  #seen: SeenFace[] = [];
  #events: FaceEvent[] = [];
  #nextId = 1;
  #searched: Milli = -Infinity;
  #last: Milli = -Infinity;

  /** @param options.maximum most faces to follow, 0 or more; others are only seen */
  constructor(models: FaceModels, options: { readonly maximum: number }) {
    this.#models = models;
    this.#maximum = checkMaximum(options.maximum);
  }

  /** From the next frame on. The youngest faces are let go if there are too many. */
  setMaximum(maximum: number): void {
    this.#maximum = checkMaximum(maximum);
  }

  /**
   * Takes the next frame. Calls of one tracker must not overlap.
   * @param at the frame's instant on any clock of milliseconds
   */
  async track(picture: I420, at: Milli): Promise<Faces> {
    this.#events = [];
    while (this.#followed.length > this.#maximum) this.#lose(this.#followed[this.#followed.length - 1]!, 'gone');
    const doubtful = await this.#follow(picture, at);
    const searched = doubtful.size > 0 || this.#isSearchDue(at);
    if (searched) await this.#search(picture, at, doubtful);
    this.#last = at;
    return {
      tracked: this.#followed.map((face) => face.toTracked()),
      seen: this.#seen,
      events: this.#events,
      searched,
    };
  }

  async #follow(picture: I420, at: Milli): Promise<Set<FollowedFace>> {
    const doubtful = new Set<FollowedFace>();
    for (const face of this.#followed) {
      if (!(await face.follow(picture, at))) doubtful.add(face);
    }
    for (const [k, face] of [...this.#followed].entries()) {
      const older = this.#followed.slice(0, k).some((other) => overlap(other.box, face.box) > MERGED);
      if (older) this.#lose(face, 'gone');
    }
    return doubtful;
  }

  /** True if the next frame, as far from this one as this from the last, would be too late. */
  #isSearchDue(at: Milli): boolean {
    const step = at - this.#last;
    const elapsed = at - this.#searched;
    return this.#followed.length === 0 || this.#seen.length > 0 || step <= 0 || elapsed + step > SEARCH_PERIOD;
  }

  async #search(picture: I420, at: Milli, doubtful: ReadonlySet<FollowedFace>): Promise<void> {
    this.#searched = at;
    const rest = await detectFaces(this.#models, picture, LEAST_DETECTION);
    for (const face of [...this.#followed]) {
      const match = takeMatch(rest, face);
      if (doubtful.has(face)) {
        if (match === undefined) this.#lose(face, 'gone');
        else if (!(await face.begin(picture, match, at))) {
          rest.push(match);
          this.#lose(face, 'score');
        }
      } else if (match !== undefined) {
        face.unconfirmed = 0;
        face.side.see(match.spans);
      } else if (++face.unconfirmed >= MOST_UNCONFIRMED) {
        this.#lose(face, 'score');
      }
    }
    this.#seen = (await this.#takeUp(picture, at, rest)).map(({ box, score }) => ({ box, score }));
  }

  /** Begins to follow the largest of the faces found, as many as may be. Returns the others. */
  async #takeUp(picture: I420, at: Milli, found: readonly SpottedFace[]): Promise<SpottedFace[]> {
    const others: SpottedFace[] = [];
    for (const detection of found) {
      const face = new FollowedFace(this.#nextId, this.#models);
      if (this.#followed.length < this.#maximum && (await face.begin(picture, detection, at))) {
        this.#nextId++;
        this.#followed.push(face);
        this.#events.push({ kind: 'found', id: face.id });
      } else {
        others.push(detection);
      }
    }
    return others;
  }

  #lose(face: FollowedFace, reason: LostReason): void {
    this.#followed = this.#followed.filter((other) => other !== face);
    this.#events.push({ kind: 'lost', id: face.id, box: face.box, reason });
  }
}

/** Takes the detection that overlaps a face most out of the list, if any does enough. */
function takeMatch(detections: SpottedFace[], face: FollowedFace): SpottedFace | undefined {
  let best = -1;
  let most = SAME_FACE;
  for (const [k, detection] of detections.entries()) {
    const shared = overlap(detection.box, face.box);
    if (shared < most) continue;
    most = shared;
    best = k;
  }
  return best < 0 ? undefined : detections.splice(best, 1)[0];
}

function checkMaximum(maximum: number): number {
  if (!Number.isInteger(maximum) || maximum < 0) throw new TypeError(`maximum must be a whole number [${maximum}]`);
  return maximum;
}

import type { Box, I420 } from '../media/plane.ts';
import type { Milli } from '../time.ts';
import type { FaceEvent, Faces, LostReason, SeenFace } from './face.ts';
import type { Detection } from './detect/detector.ts';
import { detectFaces, LEAST_DETECTION, type SpottedFace } from './find-faces.ts';
import { overlap } from './mesh/region.ts';
import type { FaceModels } from './models.ts';
import { BorderWatch, type Side } from './track/border-watch.ts';
import { FollowedFace } from './track/follow.ts';
import { Seats } from './track/seats.ts';
import { eyeSpan } from './track/side-view.ts';

/** Longest time between two searches of the whole picture. */
const SEARCH_PERIOD: Milli = 150;
/** Overlap of a detection and a followed face that are the same. */
const SAME_FACE = 0.25;
/** Overlap from which two followed faces have become one. */
const MERGED = 0.6;
/** After so long without any movement a face gives way to another one, if there is one: it may be a poster. */
const STILL: Milli = 5000;
/** How much wider than the mesh's crop a closer look at a face is: the near detector was trained on some room around. */
const CLOSER = 1.4;
/** Least detector score at which something is hidden as a face that may be one; one to follow needs more. */
const LEAST_SEEN = 0.4;
/** Searches in a row without finding a followed face after which it is given up: a poster's corner, a hand. */
const MOST_UNCONFIRMED = 2;

/**
 * Follows the faces of one session. A search of the whole picture runs on every frame while nothing is followed, somebody
 * is seen who is not followed, or a head is turned; otherwise at least every 150 ms, with a closer look at one half of the
 * picture in between. Where it stirs at an edge, somebody may be coming in: then both run at once, and the place is told as long as
 * nothing is found there.
 */
export class FaceTracker {
  readonly #models: FaceModels;
  readonly #seats = new Seats();
  readonly #borders = new BorderWatch();
  #maximum: number;
  #followed: FollowedFace[] = [];
  #seen: SeenFace[] = [];
  #events: FaceEvent[] = [];
  #nextId = 1;
  #searched: Milli = -Infinity;
  #searches = 0;
  #glances = 0;
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
    const chins = this.#followed.map(({ box }) => box.y + box.height);
    const stirs = this.#borders.look(picture, Math.max(...chins, 0) || Infinity);
    const searched = doubtful.size > 0 || stirs.length > 0 || this.#isSearchDue(at);
    if (searched) await this.#search(picture, at, doubtful);
    for (const { side } of stirs) await this.#glance(picture, side);
    if (!searched && this.#isGlanceDue(at)) await this.#glance(picture, this.#glances++ % 2 === 0 ? 'left' : 'right');
    this.#last = at;
    return {
      tracked: this.#followed.map((face) => face.toTracked()),
      seen: this.#seen,
      stirs: stirs.map(({ box }) => box).filter((box) => this.#isUnknown(box)),
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
    const alone = this.#followed.length > 0 && this.#seen.length === 0;
    return !alone || step <= 0 || elapsed + step > SEARCH_PERIOD || this.#followed.some((face) => face.isTurning);
  }

  /** Halfway between two searches, after every other one: what it costs is shared out over the frames. */
  #isGlanceDue(at: Milli): boolean {
    const half = SEARCH_PERIOD / 2;
    return this.#searches % 2 === 0 && at - this.#searched >= half && this.#last - this.#searched < half;
  }

  async #search(picture: I420, at: Milli, doubtful: ReadonlySet<FollowedFace>): Promise<void> {
    this.#searched = at;
    this.#searches++;
    const rest = await detectFaces(this.#models, picture, LEAST_SEEN, (far) => this.#explains(far, doubtful));
    for (const face of [...this.#followed]) {
      const match = takeMatch(rest, face) ?? (doubtful.has(face) ? undefined : await this.#lookCloser(picture, face));
      if (match === undefined) {
        if (doubtful.has(face)) this.#lose(face, 'gone');
        else if (++face.unconfirmed >= MOST_UNCONFIRMED) this.#lose(face, 'score');
        continue;
      }
      const follow = doubtful.has(face) ? face.begin(picture, match, at) : face.confirm(picture, match, at);
      if (await follow) continue;
      rest.push(match);
      this.#seats.keep(match.box, at);
      this.#lose(face, 'score');
    }
    this.#seats.update(rest, at);
    this.#giveWay(rest);
    this.#seen = (await this.#takeUp(picture, at, rest)).map(({ box, score }) => ({ box, score }));
  }

  /** True if the full-range detector sees just the faces that are followed, and none of them turns: all is as it was. */
  #explains(far: readonly Detection[], doubtful: ReadonlySet<FollowedFace>): boolean {
    if (doubtful.size > 0 || far.length !== this.#followed.length || this.#followed.length < this.#maximum)
      return false;
    return this.#followed.every(
      (face) => !face.isTurning && far.some((one) => overlap(one.box, face.box) >= SAME_FACE),
    );
  }

  /** Looks for a followed face where it should be: one that fills the picture or is partly covered is easier seen there. */
  async #lookCloser(picture: I420, face: FollowedFace): Promise<SpottedFace | undefined> {
    const region = { ...face.square, size: face.square.size * CLOSER, rotation: 0 };
    const found = await this.#models.near.detect(picture, region, LEAST_SEEN);
    const spotted = found.map((one): SpottedFace => ({ ...one, spans: { near: eyeSpan(one), far: undefined } }));
    return takeMatch(spotted, face);
  }

  /** Looks for faces that a search of the whole picture is too coarse for, in one half of it. */
  async #glance(picture: I420, side: Side): Promise<void> {
    const { width, height } = picture;
    if (width <= height) return;
    const region = { cx: side === 'left' ? height / 2 : width - height / 2, cy: height / 2, size: height, rotation: 0 };
    const found = await this.#models.far.detect(picture, region, LEAST_SEEN);
    const known = [...this.#followed, ...this.#seen];
    const unknown = found.filter(({ box }) => known.every((face) => overlap(face.box, box) < SAME_FACE));
    this.#seen = [...this.#seen, ...unknown.map(({ box, score }) => ({ box, score }))];
  }

  /** True if no face is known there. */
  #isUnknown(box: Box): boolean {
    return [...this.#followed, ...this.#seen].every((face) => overlap(face.box, box) === 0);
  }

  /** A face that never moves gives its place to one that is not followed: a poster must not keep the caller out. */
  #giveWay(found: readonly SpottedFace[]): void {
    const still = this.#followed.find((face) => face.still >= STILL);
    if (still === undefined || this.#followed.length < this.#maximum) return;
    if (!found.some((one) => one.score >= LEAST_DETECTION && !this.#seats.isPoster(one))) return;
    this.#seats.release(still.box);
    this.#lose(still, 'still');
  }

  /** Begins to follow of the faces found as many as may be. Returns the others. */
  async #takeUp(picture: I420, at: Milli, found: readonly SpottedFace[]): Promise<SpottedFace[]> {
    const others: SpottedFace[] = [];
    for (const detection of this.#seats.rank(found)) {
      const wanted =
        detection.score >= LEAST_DETECTION && this.#seats.isFree(detection, this.#followed.length, this.#maximum);
      const face = new FollowedFace(this.#nextId, this.#models);
      if (wanted && (await face.begin(picture, detection, at))) {
        this.#nextId++;
        this.#seats.take(detection);
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

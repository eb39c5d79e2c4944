import type { Faces } from '../../face/face.ts';
import type { Ellipse } from '../../media/hide.ts';
import type { Box } from '../../media/plane.ts';
import type { Milli } from '../../time.ts';
import type { ExposurePolicy } from '../settings.ts';
import { coverOf, isFound, isGone, reachOf, type Ghost } from './ghost.ts';
import { distanceOf, sizeOf, unionOf, type BoxSource } from './head.ts';

/** A face of the newest frame. `id` is that of a tracked face. */
interface Present {
  readonly id: number | undefined;
  readonly box: Box;
  readonly source: BoxSource;
  /** Since when it has been found in every frame, or was known before it was lost. */
  since: Milli;
}

/** Distance in face sizes up to which a face of this frame is taken for one of the last frame. */
const SAME_FACE = 0.75;
/** Distance up to which a face lies upon a missing one: it is the same, found again, unless it was there all the time. */
const SAME_PLACE = 0.6;
/** Ghosts kept apart; beyond it the two oldest become one around both, so that nothing is forgotten. */
const MOST_GHOSTS = 16;
/** Longest time between two frames that counts as attended. */
const LONGEST_STEP: Milli = 200;

/** Remembers where faces were, so that one that is not found any more stays hidden. Pure; the time is told. */
export class FaceMemory {
  #present: readonly Present[] = [];
  #ghosts: Ghost[] = [];
  /** Faces that claimed a ghost, and which. */
  readonly #claims = new Map<Ghost, Present>();
  #width = 0;
  #height = 0;
  #lastUpdate: Milli | undefined;

  /** True if no face is in the picture and none is missing. */
  get empty(): boolean {
    return this.#present.length === 0 && this.#ghosts.length === 0;
  }

  /** True if a face that was there is missing. */
  get missing(): boolean {
    return this.#ghosts.some(({ nobodyYet }) => !nobodyYet);
  }

  /** Takes in what was found in a frame of this size. */
  update(faces: Faces, frame: { readonly width: number; readonly height: number }, now: Milli): void {
    if (this.#lastUpdate === undefined) this.#ghosts.push(nobodyYet(frame, now));
    this.#rescale(frame.width, frame.height);
    const found = presentIn(faces, now);
    const matched = match(this.#present, found);
    for (const old of this.#present) {
      if (!matched.has(old)) this.#lose(old, faces, this.#lastUpdate ?? now);
    }
    for (const [old, face] of matched) face.since = old.since;
    this.#carryClaims(matched);
    const known = new Set(matched.values());
    for (const face of found) this.#claim(face, !known.has(face), now);
    const step = Math.min(LONGEST_STEP, now - (this.#lastUpdate ?? now));
    for (const ghost of this.#ghosts) {
      if (found.length > 0) ghost.attended += step;
      if (faces.searched) ghost.searches++;
    }
    this.#present = found;
    this.#lastUpdate = now;
  }

  /** Places to hide where a face was and may still be. Forgets those that are settled under the policy. */
  covers(policy: ExposurePolicy, now: Milli): Ellipse[] {
    this.#ghosts = this.#ghosts.filter((ghost) => !isFound(ghost, now) && !isGone(ghost, policy, now));
    for (const ghost of this.#claims.keys()) if (!this.#ghosts.includes(ghost)) this.#claims.delete(ghost);
    return this.#ghosts.map((ghost) => coverOf(ghost, now));
  }

  #lose(face: Present, faces: Faces, lostAt: Milli): void {
    const told = faces.events.find((event) => event.kind === 'lost' && event.id === face.id);
    const box = told?.kind === 'lost' ? unionOf(face.box, told.box) : face.box;
    if (this.#loseAgain(face, box)) return;
    const atEdge = touchesEdge(box, this.#width, this.#height);
    const { source } = face;
    this.#ghosts.push({
      box,
      source,
      lostAt,
      seenFor: lostAt - face.since,
      atEdge,
      nobodyYet: false,
      attended: 0,
      searches: 0,
      claimedAt: undefined,
    });
    while (this.#ghosts.length > MOST_GHOSTS) this.#mergeOldest();
  }

  /** A face that was believed to be a missing one is missing too now: one person, one ghost, as old as the first. */
  #loseAgain(face: Present, box: Box): boolean {
    for (const [ghost, claimer] of this.#claims) {
      if (claimer !== face || ghost.nobodyYet) continue;
      this.#claims.delete(ghost);
      const again = { ...ghost, box: unionOf(ghost.box, box), claimedAt: undefined };
      this.#ghosts = this.#ghosts.map((one) => (one === ghost ? again : one));
      return true;
    }
    return false;
  }

  #mergeOldest(): void {
    const [first, second, ...rest] = this.#ghosts;
    if (!first || !second) return;
    this.#claims.delete(first);
    this.#claims.delete(second);
    const merged: Ghost = {
      ...second,
      box: unionOf(first.box, second.box),
      lostAt: Math.min(first.lostAt, second.lostAt),
      seenFor: Math.max(first.seenFor, second.seenFor),
      nobodyYet: first.nobodyYet || second.nobodyYet,
      atEdge: false,
      claimedAt: undefined,
    };
    this.#ghosts = [merged, ...rest];
  }

  /** A claim lasts as long as the face that made it. */
  #carryClaims(matched: ReadonlyMap<Present, Present>): void {
    for (const [ghost, claimer] of this.#claims) {
      const now = matched.get(claimer);
      if (now) this.#claims.set(ghost, now);
      else {
        this.#claims.delete(ghost);
        ghost.claimedAt = undefined;
      }
    }
  }

  /**
   * A face is taken for the missing ones that it lies upon, and for all time before the first face; one that has just come
   * up also for the nearest missing one in reach. One that was found beside a missing one before that was lost is somebody
   * else, who stands before it: who is behind may come out at any side, so the place stays hidden.
   */
  #claim(face: Present, isNew: boolean, now: Milli): void {
    let nearest: Ghost | undefined;
    let least = Infinity;
    for (const ghost of this.#ghosts) {
      if (ghost.claimedAt !== undefined) continue;
      const distance = ghost.nobodyYet ? 0 : distanceOf(ghost.box, face.box);
      if (!ghost.nobodyYet && face.since < ghost.lostAt) continue;
      if (distance <= SAME_PLACE) this.#settle(ghost, face, now);
      else if (isNew && distance < least && distance <= reachOf(ghost, now)) {
        nearest = ghost;
        least = distance;
      }
    }
    if (nearest) this.#settle(nearest, face, now);
  }

  #settle(ghost: Ghost, face: Present, now: Milli): void {
    ghost.claimedAt = now;
    if (!ghost.nobodyYet) face.since = Math.min(face.since, ghost.lostAt - ghost.seenFor);
    this.#claims.set(ghost, face);
  }

  /** Another size of picture shows the same scene: places are carried over. */
  #rescale(width: number, height: number): void {
    const sx = width / (this.#width || width);
    const sy = height / (this.#height || height);
    this.#width = width;
    this.#height = height;
    if (sx === 1 && sy === 1) return;
    const scaled = (box: Box) => ({ x: box.x * sx, y: box.y * sy, width: box.width * sx, height: box.height * sy });
    this.#present = this.#present.map((face) => ({ ...face, box: scaled(face.box) }));
    this.#ghosts = this.#ghosts.map((ghost) => ({ ...ghost, box: scaled(ghost.box), claimedAt: undefined }));
    this.#claims.clear();
  }
}

function presentIn(faces: Faces, since: Milli): Present[] {
  const tracked = faces.tracked.map(({ id, box }): Present => ({ id, box, source: 'mesh', since }));
  const seen = faces.seen.map(({ box }): Present => ({ id: undefined, box, source: 'detector', since }));
  return [...tracked, ...seen];
}

/** Which face of the last frame is which of this one: by id, then the nearest pairs that are near enough. */
function match(before: readonly Present[], now: readonly Present[]): Map<Present, Present> {
  const pairs = new Map<Present, Present>();
  const taken = new Set<Present>();
  const pair = (old: Present, face: Present) => {
    pairs.set(old, face);
    taken.add(face);
  };
  for (const face of now) {
    const old = face.id === undefined ? undefined : before.find(({ id }) => id === face.id);
    if (old) pair(old, face);
  }
  const near = before
    .flatMap((old) => now.map((face) => ({ old, face, distance: distanceOf(old.box, face.box) })))
    .filter(({ distance }) => distance <= SAME_FACE)
    .sort((a, b) => a.distance - b.distance);
  for (const { old, face } of near) if (!pairs.has(old) && !taken.has(face)) pair(old, face);
  return pairs;
}

function touchesEdge(box: Box, width: number, height: number): boolean {
  const rim = sizeOf(box) * 0.1;
  return box.x < rim || box.y < rim || box.x + box.width > width - rim || box.y + box.height > height - rim;
}

function nobodyYet(frame: { readonly width: number; readonly height: number }, now: Milli): Ghost {
  const size = Math.hypot(frame.width, frame.height) * 2;
  const box = { x: (frame.width - size) / 2, y: (frame.height - size) / 2, width: size, height: size };
  return {
    box,
    source: 'detector',
    lostAt: now,
    seenFor: 0,
    atEdge: false,
    nobodyYet: true,
    attended: 0,
    searches: 0,
    claimedAt: undefined,
  };
}

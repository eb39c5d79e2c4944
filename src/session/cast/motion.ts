import type { TrackedFace } from '../../face/face.ts';
import { overlap } from '../../face/mesh/region.ts';
import type { Box } from '../../media/plane.ts';
import type { Milli } from '../../time.ts';

/** Overlap from which two faces may be taken for each other. */
const TOUCHING = 0.05;
/** Weight of a new speed against those before. */
const NEWNESS = 0.3;
/** Nobody is taken to go on as they went for longer. */
const LONGEST_COURSE: Milli = 1500;
/** Those that are gone are remembered for so long. */
const REMEMBERED: Milli = 30_000;

/** How a face went while it stood apart from all others. */
interface Course {
  x: number;
  /** Pixels a millisecond. */
  speed: number;
  at: Milli;
}

/** Where each followed face is and how it moves, so that two that pass each other can be told apart afterwards. */
export class Motion {
  readonly #boxes = new Map<number, { readonly box: Box; readonly at: Milli }>();
  readonly #courses = new Map<number, Course>();

  /**
   * Takes a frame's faces. Those that are gone are remembered for a while.
   * @param doubtful whose it is is not known: it tells nothing of a course
   */
  update(faces: readonly TrackedFace[], at: Milli, doubtful: number | undefined): void {
    for (const { id, box } of faces) {
      const apart = faces.every((other) => other.id === id || overlap(other.box, box) < TOUCHING);
      if (apart && id !== doubtful) this.#follow(id, middleOf(box), at);
      this.#boxes.set(id, { box, at });
    }
    for (const [id, { at: last }] of this.#boxes) if (at - last > REMEMBERED) this.#forget(id);
  }

  /** True if two faces were last seen where one covers the other. */
  touch(one: number, other: number): boolean {
    const [a, b] = [this.#boxes.get(one), this.#boxes.get(other)];
    return a !== undefined && b !== undefined && overlap(a.box, b.box) >= TOUCHING;
  }

  /**
   * How much likelier it is that the person of track `one` is in `there` and that of `other` is in `elsewhere` than the other way
   * round: pixels by which they would have strayed less from their courses. 0 if nothing is known.
   */
  favours(one: number, other: number, places: { readonly there: Box; readonly elsewhere: Box }, at: Milli): number {
    const [a, b] = [this.#expected(one, at), this.#expected(other, at)];
    if (a === undefined || b === undefined) return 0;
    const [there, elsewhere] = [middleOf(places.there), middleOf(places.elsewhere)];
    const straight = Math.abs(a - there) + Math.abs(b - elsewhere);
    return Math.abs(a - elsewhere) + Math.abs(b - there) - straight;
  }

  /** How far a place is from where a face should be by now, pixels; Infinity if it was never seen. */
  distance(id: number, there: Box, at: Milli): number {
    const expected = this.#expected(id, at);
    return expected === undefined ? Infinity : Math.abs(expected - middleOf(there));
  }

  #forget(id: number): void {
    this.#boxes.delete(id);
    this.#courses.delete(id);
  }

  #follow(id: number, x: number, at: Milli): void {
    const course = this.#courses.get(id);
    if (course === undefined) {
      this.#courses.set(id, { x, speed: 0, at });
      return;
    }
    if (at <= course.at) return;
    course.speed += NEWNESS * ((x - course.x) / (at - course.at) - course.speed);
    course.x = x;
    course.at = at;
  }

  #expected(id: number, at: Milli): number | undefined {
    const course = this.#courses.get(id);
    return course && course.x + course.speed * Math.min(LONGEST_COURSE, at - course.at);
  }
}

function middleOf({ x, width }: Box): number {
  return x + width / 2;
}

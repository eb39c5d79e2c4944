import type { Milli } from '../../time.ts';

/** A power of two. */
const LEAST_ROOM = 16;

/**
 * Lanes with a waiting frame, by deadline: a ring, so that the oldest leave and the newest come without moving the others. Finds
 * by bisection, moves the shorter side. It grows by doubling until it holds all lanes that ever waited at once, and then allocates
 * nothing.
 */
export class LaneQueue {
  #lanes = new Int32Array(LEAST_ROOM);
  #deadlines = new Float64Array(LEAST_ROOM);
  #mask = LEAST_ROOM - 1;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The `index`-th by deadline, from 0. */
  lane(index: number): number {
    return this.#lanes[(this.#head + index) & this.#mask]!;
  }

  deadline(index: number): Milli {
    return this.#deadlines[(this.#head + index) & this.#mask]!;
  }

  /** Puts a lane behind all that are due as soon or sooner. */
  insert(lane: number, deadline: Milli): void {
    if (this.#length > this.#mask) this.#grow();
    const index =
      this.#length === 0 || this.deadline(this.#length - 1) <= deadline ? this.#length : this.#after(deadline);
    if (index > this.#length >> 1) {
      for (let i = this.#length; i > index; i--) this.#move(i - 1, i);
    } else {
      this.#head = (this.#head - 1) & this.#mask;
      for (let i = 0; i < index; i++) this.#move(i + 1, i);
    }
    this.#length++;
    const at = (this.#head + index) & this.#mask;
    this.#lanes[at] = lane;
    this.#deadlines[at] = deadline;
  }

  /** Takes a lane out that was put in with this deadline. */
  remove(lane: number, deadline: Milli): void {
    let index = this.lane(0) === lane ? 0 : this.#after(deadline) - 1;
    while (this.lane(index) !== lane) index--;
    if (index > this.#length >> 1) {
      for (let i = index; i < this.#length - 1; i++) this.#move(i + 1, i);
    } else {
      for (let i = index; i > 0; i--) this.#move(i - 1, i);
      this.#head = (this.#head + 1) & this.#mask;
    }
    this.#length--;
  }

  /** How many are due by `deadline`. */
  #after(deadline: Milli): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.deadline(middle) <= deadline) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const lanes = new Int32Array(this.#lanes.length * 2);
    const deadlines = new Float64Array(lanes.length);
    for (let i = 0; i < this.#length; i++) {
      lanes[i] = this.lane(i);
      deadlines[i] = this.deadline(i);
    }
    this.#lanes = lanes;
    this.#deadlines = deadlines;
    this.#mask = lanes.length - 1;
    this.#head = 0;
  }

  #move(from: number, to: number): void {
    const source = (this.#head + from) & this.#mask;
    const target = (this.#head + to) & this.#mask;
    this.#lanes[target] = this.#lanes[source]!;
    this.#deadlines[target] = this.#deadlines[source]!;
  }
}

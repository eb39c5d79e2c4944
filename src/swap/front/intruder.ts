import { SIDE, type FaceCells } from './face-cells.ts';

/** What a cell is found to be: its skin or not known (0), none of this face's skin, that and not what it is usually either, not seen. */
export const NO_SKIN = 1;
export const STRANGE = 2;
export const UNSEEN = 3;

/** Of a cell and its eight neighbours so many must be strange. */
const MAJORITY = 5;
/** What comes in from outside has cells within so many of the outline, or of a part that is not seen. */
const RIM = 5;
/** From strange cells it goes on over so many that are only no skin, from one to the next by so many luma steps: over brows, glasses and eyes. */
const FARTHEST = 5;
const STEP = 22;
/** It reaches so far into the face, cells, and is so much of what is seen of it: less is a mesh that lies beside the face. */
const REACH = 8;
const LEAST = 0.02;
/** More than this share of the face is not something before it: it has become another, or the light has. */
const MOST = 0.45;
/** Correlation with what is usual there from which it is the face in another light. */
const SAME = 0.6;

const AROUND = [-SIDE - 1, -SIDE, -SIDE + 1, -1, 1, SIDE - 1, SIDE, SIDE + 1] as const;

/** Of each cell its luma, now and usually, and how large it is seen. */
interface Seen {
  readonly size: Float32Array;
  readonly now: Float32Array;
  readonly usual: Float32Array;
}

/** Tells of cells that differ which of them are something that has come before the face. */
export class Intruder {
  /** 1 for each place of the square where it lies. */
  readonly intruding = new Uint8Array(SIDE * SIDE);
  readonly #cells: FaceCells;
  readonly #number: Int16Array;
  /** STRANGE or NO_SKIN where it may still spread to. */
  readonly #open = new Uint8Array(SIDE * SIDE);
  /** How many cells of no skin it has gone over to come to each place. */
  readonly #steps = new Uint8Array(SIDE * SIDE);
  readonly #stack = new Uint16Array(SIDE * SIDE);

  constructor(cells: FaceCells) {
    this.#cells = cells;
    this.#number = new Int16Array(SIDE * SIDE).fill(-1);
    cells.places.forEach((place, cell) => (this.#number[place] = cell));
  }

  /** @param kinds what each place of the square is found to be */
  find(kinds: Uint8Array, seen: Seen): void {
    const { places } = this.#cells;
    this.intruding.fill(0);
    this.#settle(kinds);
    let [covered, whole] = [0, 0];
    for (const size of seen.size) whole += size;
    for (const place of places) {
      if (this.#open[place] === STRANGE && this.#isAtRim(place, kinds))
        covered += this.#spread(place, seen, LEAST * whole);
    }
    if (covered > MOST * whole) this.intruding.fill(0);
  }

  /** Leaves out single cells, and fills single holes. */
  #settle(kinds: Uint8Array): void {
    const open = this.#open.fill(0);
    for (const place of this.#cells.places) {
      let count = kinds[place] === STRANGE ? 1 : 0;
      for (const step of AROUND) if (kinds[place + step] === STRANGE) count++;
      if (count >= MAJORITY) open[place] = STRANGE;
      else if (kinds[place] === NO_SKIN || kinds[place] === STRANGE) open[place] = NO_SKIN;
    }
  }

  #isAtRim(place: number, kinds: Uint8Array): boolean {
    if (this.#cells.depth[place]! <= RIM) return true;
    for (const step of AROUND)
      for (let far = 1; far <= RIM; far++) if (kinds[place + far * step] === UNSEEN) return true;
    return false;
  }

  /** Takes all that hangs together with `place`; it is let go if it says too little, or is the face itself. Returns how large it is. */
  #spread(place: number, seen: Seen, least: number): number {
    const { depth } = this.#cells;
    const [open, stack, steps] = [this.#open, this.#stack, this.#steps];
    let [count, deepest, size] = [0, 0, 0];
    stack[count++] = place;
    steps[place] = 0;
    open[place] = 0;
    for (let next = 0; next < count; next++) {
      const here = stack[next]!;
      size += seen.size[this.#number[here]!]!;
      deepest = Math.max(deepest, depth[here]!);
      for (const step of AROUND) {
        const there = here + step;
        if (!this.#goesOn(here, there, seen.now)) continue;
        steps[there] = open[there] === STRANGE ? 0 : steps[here]! + 1;
        open[there] = 0;
        stack[count++] = there;
      }
    }
    if (size < least || deepest < REACH || this.#likeness(count, seen) > SAME) return 0;
    for (let k = 0; k < count; k++) this.intruding[stack[k]!] = 1;
    return size;
  }

  #goesOn(here: number, there: number, luma: Float32Array): boolean {
    const kind = this.#open[there];
    if (kind !== NO_SKIN) return kind === STRANGE;
    const change = luma[this.#number[here]!]! - luma[this.#number[there]!]!;
    return this.#steps[here]! < FARTHEST && Math.abs(change) < STEP;
  }

  /** Correlation of the luma of the first cells of the stack with what is usual there. */
  #likeness(count: number, { now, usual }: Seen): number {
    let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
    for (let k = 0; k < count; k++) {
      const cell = this.#number[this.#stack[k]!]!;
      const [p, q] = [now[cell]!, usual[cell]!];
      a += p;
      b += q;
      aa += p * p;
      bb += q * q;
      ab += p * q;
    }
    const together = ab / count - (a / count) * (b / count);
    return (
      together / Math.sqrt(Math.max(1, aa / count - (a / count) ** 2) * Math.max(1, bb / count - (b / count) ** 2))
    );
  }
}

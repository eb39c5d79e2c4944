import type { Milli } from '../../time.ts';
import { BatchView } from './batch-view.ts';
import { NOTHING } from './lanes.ts';

/** Batches that a worker has at a time: one that runs and one that is staged. */
const STAGED = 2;

/** A batch that a worker has. */
class Running extends BatchView {
  /** Deadlines of its frames, to put them back if the worker is lost. */
  readonly deadlines: Float64Array;
  /** Workers that were busy with it when it was taken. */
  busy = 1;
  /** How long it is expected to take. */
  expected: Milli = 0;
  /** When it is expected to end. */
  endsAt: Milli = 0;

  constructor(maximum: number) {
    super(maximum);
    this.deadlines = new Float64Array(maximum);
  }
}

/** What one worker is at, oldest first. */
export class WorkerQueue {
  readonly #batches: Running[];
  /** By recipe and crops: the batch that is run for so many. */
  readonly #filled: readonly Int32Array[];
  #length = 0;
  available = true;

  constructor({ maximumBatch, recipes }: { readonly maximumBatch: number; readonly recipes: number }) {
    const each = Int32Array.from({ length: maximumBatch + 1 }, (_, crops) => crops);
    this.#filled = Array.from({ length: recipes }, () => each.slice());
    this.#batches = Array.from({ length: STAGED }, () => new Running(maximumBatch));
  }

  get length(): number {
    return this.#length;
  }

  /** It is warm for these batch sizes of a recipe, ascending; a batch is filled up to the next of them. */
  fills(recipe: number, sizes: readonly number[]): void {
    const filled = this.#filled[recipe]!;
    for (let crops = 1; crops < filled.length; crops++) filled[crops] = sizes.find((size) => size >= crops) ?? crops;
  }

  /** The batch that is run for so many crops. */
  filled(recipe: number, crops: number): number {
    return this.#filled[recipe]![crops]!;
  }

  /** From its oldest on. */
  batch(index: number): Running {
    return this.#batches[index]!;
  }

  /** Its oldest batch. */
  get oldest(): Running {
    return this.#batches[0]!;
  }

  /** When it can begin something new, as far as is known. */
  freeAt(now: Milli): Milli {
    return this.#length === 0 ? now : Math.max(now, this.#batches[this.#length - 1]!.endsAt);
  }

  /** When it can be given something new, if it is given so long before it is free; Infinity: only once it has finished. */
  takesAt(now: Milli, lead: Milli): Milli {
    if (this.#length === 0) return now;
    return this.#length < STAGED && lead > 0 ? this.#batches[0]!.endsAt - lead : Infinity;
  }

  /** Room for a batch more. */
  push(): Running {
    return this.#batches[this.#length++]!;
  }

  /** The oldest is done. What is staged begins at `now`. */
  shift(now: Milli): void {
    const done = this.#batches[0]!;
    for (let i = 1; i < STAGED; i++) this.#batches[i - 1] = this.#batches[i]!;
    this.#batches[STAGED - 1] = done;
    if (--this.#length > 0) this.oldest.endsAt = now + this.oldest.expected;
  }

  /** The frames of a closed lane are nobody's any more. */
  forget(lane: number): void {
    for (const { lanes, size } of this.#batches)
      for (let i = 0; i < size; i++) if (lanes[i] === lane) lanes[i] = NOTHING;
  }

  clear(): void {
    this.#length = 0;
  }
}

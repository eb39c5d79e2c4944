import type { Milli } from '../../time.ts';
import { Degradation, type Spendings } from '../degradation.ts';
import type { Lanes } from './lanes.ts';

/** Time between two reviews. */
const EVERY: Milli = 1_000;
/** A GPU that serves less than this share of its frames has no room for a step up. */
const ALL = 0.99;
/** Of the lanes that are ready for a step up, one in so many goes up in a review. */
const ONE_IN = 8;

/** The degradation ladder of every open lane, and what was seen of it since the last review. */
export class Ladders {
  readonly #lanes: Lanes;
  readonly #ladders = new Map<number, Degradation>();
  /** By lane: frames offered, and served. */
  readonly #counts: Int32Array;
  /** By GPU. */
  readonly #offeredTo: Int32Array;
  readonly #servedBy: Int32Array;
  readonly #onLevel: (lane: number, level: number) => void;
  #due: Milli = -Infinity;
  #degraded = 0;

  constructor(lanes: Lanes, options: { most: number; gpus: number; onLevel: (lane: number, level: number) => void }) {
    const { most, gpus, onLevel } = options;
    this.#lanes = lanes;
    this.#counts = new Int32Array(2 * most);
    this.#offeredTo = new Int32Array(gpus);
    this.#servedBy = new Int32Array(gpus);
    this.#onLevel = onLevel;
  }

  open(lane: number, spendings: Spendings): void {
    this.#forget(lane);
    this.#ladders.set(lane, new Degradation(spendings));
  }

  close(lane: number): void {
    this.#ladders.delete(lane);
  }

  count(lane: number, served: boolean): void {
    this.#counts[2 * lane]!++;
    if (served) this.#counts[2 * lane + 1]!++;
  }

  /** When the next review is due; Infinity while nobody is degraded, as then only frames can change anything. */
  dueAt(): Milli {
    return this.#degraded > 0 ? this.#due : Infinity;
  }

  /** Reviews all lanes if it is time: some go down, a few of those that are ready go up. */
  review(now: Milli): void {
    if (now < this.#due) return;
    // The first call only starts the clock.
    const starts = this.#due === -Infinity;
    this.#due = now + EVERY;
    if (starts) return;
    let ready = 0;
    this.#degraded = 0;
    this.#sum();
    for (const [lane, ladder] of this.#ladders) {
      const gpu = this.#lanes.gpu(lane);
      const overloaded = this.#servedBy[gpu]! < ALL * this.#offeredTo[gpu]!;
      const before = ladder.level;
      ladder.review({ offered: this.#counts[2 * lane]!, served: this.#counts[2 * lane + 1]!, overloaded });
      this.#forget(lane);
      if (ladder.isReady && ready++ % ONE_IN === 0) ladder.up();
      if (ladder.level > 0) this.#degraded++;
      if (ladder.level !== before) this.#onLevel(lane, ladder.level);
    }
  }

  #sum(): void {
    this.#offeredTo.fill(0);
    this.#servedBy.fill(0);
    for (const lane of this.#ladders.keys()) {
      const gpu = this.#lanes.gpu(lane);
      this.#offeredTo[gpu]! += this.#counts[2 * lane]!;
      this.#servedBy[gpu]! += this.#counts[2 * lane + 1]!;
    }
  }

  #forget(lane: number): void {
    this.#counts[2 * lane] = this.#counts[2 * lane + 1] = 0;
  }
}

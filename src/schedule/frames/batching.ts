import type { Milli } from '../../time.ts';
import type { FairShare } from './fair-share.ts';
import type { LaneQueue } from './lane-queue.ts';
import type { Lanes } from './lanes.ts';

/** Frames looked at for one batch, in largest batches: the most urgent ones; others still have time. */
const LOOKED_AT = 8;
/** A frame that its lane is owed counts as due so much sooner. */
const OWED_IS_SOONER: Milli = 1000 / 30;
/** A frame that its lane is owed is worth so much more. Small: a fuller batch must beat it, or many lose for one. */
const OWED_IS_WORTH = 0.06;
const LEAST_WORTH = 0.1;
/** Frames of a tier that is to lose nothing count as due so much sooner, and are worth so much more. */
const PROTECTED_IS_SOONER: Milli = 1000;
const PROTECTED_IS_WORTH = 2;
/** Frames are not given up for a batch that is better by less than this share. */
const BETTER = 1.005;

/** What batches of the recipe take now on this worker, by crops; index 0 is not used. */
export interface BatchTimes {
  /** Most likely. */
  readonly expected: Float64Array;
  /** With the margin of safety: the one that deadlines are held against. */
  readonly safe: Float64Array;
  readonly maximum: number;
}

/** What a batch is chosen from. */
export interface Choice {
  readonly queue: LaneQueue;
  readonly share: FairShare;
  readonly times: BatchTimes;
  /** When the batch would start. */
  readonly start: Milli;
}

/**
 * Chooses the frames of the next batch. While nothing is lost: the most urgent ones, as many as the tightest of them allows, unless
 * giving it up makes a better batch of the others. In overload every size is tried, of the frames that can be in time in it, those
 * first that are due and owed most; the size wins that serves most worth a millisecond. Nothing is allocated per call.
 */
export class Batching {
  readonly #lanes: Lanes;
  /** Frames that are looked at: their lanes, how urgent they are, and what every trial asks of them. */
  readonly #looked: Int32Array;
  readonly #keys: Float64Array;
  readonly #deadlines: Float64Array;
  readonly #crops: Int32Array;
  readonly #worths: Float64Array;
  readonly #trial: Int32Array;
  /** Lanes of the chosen batch; `size` of them. */
  readonly chosen: Int32Array;
  size = 0;
  crops = 0;
  /** Frames of the trial. */
  #tried = 0;

  constructor(lanes: Lanes, maximumBatch: number) {
    this.#lanes = lanes;
    const most = maximumBatch * LOOKED_AT;
    this.#looked = new Int32Array(most);
    this.#keys = new Float64Array(most);
    this.#deadlines = new Float64Array(most);
    this.#crops = new Int32Array(most);
    this.#worths = new Float64Array(most);
    this.#trial = new Int32Array(maximumBatch);
    this.chosen = new Int32Array(maximumBatch);
  }

  /** How urgent a lane's frame is: its deadline, sooner by what it is owed. The least goes first. */
  urgency(lane: number, share: FairShare): Milli {
    const deadline = this.#lanes.deadline(lane) - OWED_IS_SOONER * this.#lanes.owes(lane);
    return share.isProtected(this.#lanes.tier(lane)) ? deadline - PROTECTED_IS_SOONER : deadline;
  }

  /** The queue must not be empty, and its first frame able to be in time alone. */
  choose(choice: Choice): void {
    this.#takeMostUrgent(choice);
    const { queue, share, times } = choice;
    const plain = this.crops;
    const all = plain === times.maximum || this.size === queue.length;
    if (all && !share.overloaded) return this.#cutToBest(choice);
    const looked = this.#look(choice);
    let best = 0;
    for (let size = 1; size <= times.maximum; size++) {
      if (choice.start + times.safe[size]! > queue.deadline(queue.length - 1)) continue;
      const worth = this.#try(choice, { looked, size });
      const rate = (worth / times.expected[size]!) * (size === plain ? BETTER : 1);
      if (worth === 0 || rate < best) continue;
      best = rate;
      this.size = this.#tried;
      this.crops = size;
      for (let i = 0; i < this.size; i++) this.chosen[i] = this.#trial[i]!;
    }
  }

  /** The first frames, as long as the first of all is in time. */
  #takeMostUrgent({ queue, times, start }: Choice): void {
    const deadline = queue.deadline(0);
    this.size = 0;
    this.crops = 0;
    for (let i = 0; i < queue.length; i++) {
      const lane = queue.lane(i);
      const crops = this.crops + this.#lanes.crops(lane);
      if (crops > times.maximum || start + times.safe[crops]! > deadline) break;
      this.chosen[this.size++] = lane;
      this.crops = crops;
    }
  }

  /** Where more wait than the batch holds, a larger batch that does less a millisecond than a smaller one is cut to that. */
  #cutToBest({ queue, times }: Choice): void {
    if (this.size === queue.length) return;
    let best = this.crops;
    for (let crops = this.crops - 1; crops >= 1; crops--)
      if (crops / times.expected[crops]! > best / times.expected[best]!) best = crops;
    while (this.crops > best && this.size > 1) this.crops -= this.#lanes.crops(this.chosen[--this.size]!);
  }

  /** Puts the most urgent frames in the order in which they deserve to be served. Returns how many. */
  #look({ queue, share }: Choice): number {
    const count = Math.min(queue.length, this.#looked.length);
    const keys = this.#keys;
    for (let i = 0; i < count; i++) {
      const lane = queue.lane(i);
      const key = this.urgency(lane, share);
      let at = i;
      for (; at > 0 && keys[at - 1]! > key; at--) {
        keys[at] = keys[at - 1]!;
        this.#looked[at] = this.#looked[at - 1]!;
      }
      keys[at] = key;
      this.#looked[at] = lane;
    }
    for (let i = 0; i < count; i++) {
      const lane = this.#looked[i]!;
      this.#deadlines[i] = this.#lanes.deadline(lane);
      this.#crops[i] = this.#lanes.crops(lane);
      this.#worths[i] = this.#worth(lane, share);
    }
    return count;
  }

  /** Fills a batch of exactly `size` crops. Returns what it is worth; 0 if there is none. */
  #try({ times, start }: Choice, { looked, size }: { looked: number; size: number }): number {
    const ends = start + times.safe[size]!;
    let crops = 0;
    let worth = 0;
    this.#tried = 0;
    for (let i = 0; i < looked && crops < size; i++) {
      const of = this.#crops[i]!;
      if (this.#deadlines[i]! < ends || crops + of > size) continue;
      this.#trial[this.#tried++] = this.#looked[i]!;
      crops += of;
      worth += of * this.#worths[i]!;
    }
    return crops === size ? worth : 0;
  }

  #worth(lane: number, share: FairShare): number {
    const worth = Math.max(LEAST_WORTH, 1 + OWED_IS_WORTH * this.#lanes.owes(lane));
    return share.isProtected(this.#lanes.tier(lane)) ? worth + PROTECTED_IS_WORTH : worth;
  }
}

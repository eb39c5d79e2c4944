import { Slot } from '../slot.ts';
import type { Milli } from '../time.ts';
import type { DropReason, Drops, DropStage } from './drop.ts';

/** What waits in a lane. */
export interface LaneEntry {
  /** Instant by which the result must have left. */
  readonly deadline: Milli;
}

/**
 * A session's place in a schedule: one entry, the newest. Whatever it displaces is counted and handed to `release`,
 * so that a queue can never grow and nothing goes without a count.
 */
export class Lane<Entry extends LaneEntry> {
  readonly #slot = new Slot<Entry>();
  readonly #drops: Drops;
  readonly #stage: DropStage;
  readonly #release: (entry: Entry) => void;

  /** @param release closes an entry that was given up; the lane keeps nothing of it */
  constructor(drops: Drops, options: { readonly stage?: DropStage; readonly release?: (entry: Entry) => void } = {}) {
    this.#drops = drops;
    this.#stage = options.stage ?? 'lane';
    this.#release = options.release ?? (() => undefined);
  }

  /** Deadline of the waiting entry, `undefined` when the lane is empty. */
  get deadline(): Milli | undefined {
    return this.#slot.peek()?.deadline;
  }

  /** Puts the newest entry in; an older one is given up as `replaced`. */
  offer(entry: Entry): void {
    const displaced = this.#slot.put(entry);
    if (displaced !== undefined) this.#giveUp(displaced, 'replaced');
  }

  /** Takes the entry out. Its owner is the caller from here on. */
  take(): Entry | undefined {
    return this.#slot.take();
  }

  /** Takes the entry out only if work of `cost` started at `now` ends in time; else it is given up as `late`. */
  takeInTime(now: Milli, cost: Milli): Entry | undefined {
    const entry = this.#slot.take();
    if (entry === undefined || inTime(now, cost, entry.deadline)) return entry;
    this.#giveUp(entry, 'late');
    return undefined;
  }

  /** Gives up what waits, because the session ended. */
  clear(): void {
    const entry = this.#slot.take();
    if (entry !== undefined) this.#giveUp(entry, 'closed');
  }

  #giveUp(entry: Entry, reason: DropReason): void {
    this.#drops.count(this.#stage, reason);
    this.#release(entry);
  }
}

/** True if work of `cost` that starts at `now` ends by `deadline`. */
export function inTime(now: Milli, cost: Milli, deadline: Milli): boolean {
  return now + cost <= deadline;
}

/** Something that waits to be served. */
export interface Waiting {
  /** Deadline of the newest entry; `undefined` if nothing waits. */
  readonly deadline: Milli | undefined;
  /** Expected duration of serving it. Left out: nothing. */
  readonly expected?: Milli;
  /** When it was last served, if it has lost entries since: there is too much to do. `undefined` or left out: it has not. */
  readonly behindSince?: Milli | undefined;
}

/**
 * Who should be served next: of those that can still be in time the one whose deadline is earliest. Only if there is none,
 * the earliest of the others: what is left for them, dropping or hiding, costs time too, and must not make a frame late
 * that could have been in time. `undefined` when nothing waits.
 *
 * Among those that can be in time, whoever has lost entries goes first, the one longest without service before all others. By
 * deadlines alone, of streams of one rate the one whose frames come at the wrong moment would lose every one of them.
 */
export function mostUrgent<Lanes extends Waiting>(lanes: Iterable<Lanes>, now: Milli): Lanes | undefined {
  let best: Lanes | undefined;
  let bestDeadline = Infinity;
  let bestInTime = false;
  let bestBehind = Infinity;
  for (const lane of lanes) {
    const { deadline } = lane;
    if (deadline === undefined) continue;
    const canBe = inTime(now, lane.expected ?? 0, deadline);
    if (canBe !== bestInTime && bestInTime) continue;
    const behind = canBe ? (lane.behindSince ?? Infinity) : Infinity;
    if (canBe === bestInTime && (behind === bestBehind ? deadline >= bestDeadline : behind > bestBehind)) continue;
    best = lane;
    bestDeadline = deadline;
    bestInTime = canBe;
    bestBehind = behind;
  }
  return best;
}

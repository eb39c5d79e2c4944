/** Where a frame was given up. */
export type DropStage = 'receive' | 'decode' | 'track' | 'lane' | 'swap' | 'composite' | 'encode' | 'send';

/**
 * Why: `late` its deadline could not be met; `replaced` a newer one came; `broken` it did not decode; `awaiting-keyframe`
 * nothing can be decoded before one; `lost` packets never came; `no-credit` the next process was full; `backlog` decoded
 * only to drain an old queue, or (`send`) waited through an interruption of the way; `thinned` the way to the peer carries
 * fewer frames a second; `too-large` more pixels than the session takes; `failed` the stage threw; `closed` the session
 * ended.
 */
export type DropReason =
  | 'late'
  | 'replaced'
  | 'broken'
  | 'awaiting-keyframe'
  | 'lost'
  | 'no-credit'
  | 'backlog'
  | 'thinned'
  | 'too-large'
  | 'failed'
  | 'closed';

/** Counts of drops under `stage:reason`. Every frame that is given up is counted exactly once. */
export class Drops {
  readonly #counts = new Map<`${DropStage}:${DropReason}`, number>();

  count(stage: DropStage, reason: DropReason): void {
    const key = `${stage}:${reason}` as const;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** A plain copy, for statistics and the wire. */
  toRecord(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

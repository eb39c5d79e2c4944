import type { TierOptions } from '../scheduler-options.ts';
import { FairShare } from './fair-share.ts';
import { LaneQueue } from './lane-queue.ts';
import { WorkerQueue } from './worker-queue.ts';

/** What one GPU has: its lanes' frames by recipe, its workers, and what its tiers should get. */
export class Gpu {
  readonly queues: readonly LaneQueue[];
  readonly workers: readonly WorkerQueue[];
  readonly share: FairShare;
  /** What its lanes are expected to ask for; 1 is all it can do. */
  load = 0;
  /** Its lanes went to others when its last worker was lost, or it never had one. */
  works = true;

  constructor(options: {
    readonly recipes: number;
    readonly workers: number;
    readonly largestBatch: number;
    readonly tiers: readonly TierOptions[];
  }) {
    const { recipes, workers, largestBatch, tiers } = options;
    this.queues = Array.from({ length: recipes }, () => new LaneQueue());
    this.workers = Array.from({ length: workers }, () => new WorkerQueue({ maximumBatch: largestBatch, recipes }));
    this.share = new FairShare(tiers);
  }

  get hasWorker(): boolean {
    return this.workers.some(({ available }) => available);
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    for (const queue of this.queues) if (queue.length > 0) return false;
    return true;
  }

  /** Workers that are at work if `worker` is. */
  busyWith(worker: WorkerQueue): number {
    let busy = 1;
    for (const other of this.workers) if (other !== worker && other.length > 0) busy++;
    return busy;
  }
}

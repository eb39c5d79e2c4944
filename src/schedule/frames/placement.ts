import type { CostTable } from '../cost/cost-table.ts';
import type { TierOptions } from '../scheduler-options.ts';
import type { Milli } from '../../time.ts';
import { Gpu } from './gpu.ts';
import { NOTHING, type Lanes } from './lanes.ts';
import type { WorkerQueue } from './worker-queue.ts';

/** Share by which a lane's load follows each frame: in half a second it has. */
const FOLLOWING = 1 / 8;

export interface PlacementOptions {
  readonly costs: CostTable;
  readonly gpus: number;
  readonly workersPerGpu: number;
  readonly tiers: readonly TierOptions[];
}

/** Which GPU each lane is on: by what it asks for, at what its recipe was learned to cost. Lanes of a GPU without workers go to others. */
export class Placement {
  readonly gpus: readonly Gpu[];
  readonly #lanes: Lanes;
  readonly #costs: CostTable;
  readonly #workersPerGpu: number;

  constructor(lanes: Lanes, { costs, gpus, workersPerGpu, tiers }: PlacementOptions) {
    const { recipes, largestBatch } = costs;
    this.#lanes = lanes;
    this.#costs = costs;
    this.#workersPerGpu = workersPerGpu;
    this.gpus = Array.from({ length: gpus }, () => new Gpu({ recipes, workers: workersPerGpu, largestBatch, tiers }));
  }

  /** The GPU of a lane. */
  of(lane: number): Gpu {
    return this.gpus[this.#lanes.gpu(lane)]!;
  }

  /** The GPU of a worker. */
  gpuOf(worker: number): Gpu {
    return this.gpus[Math.floor(worker / this.#workersPerGpu)]!;
  }

  worker(worker: number): WorkerQueue {
    return this.gpuOf(worker).workers[worker % this.#workersPerGpu]!;
  }

  /** The GPU with least load of those that work; of all, if none does. */
  get leastLoaded(): number {
    let best = 0;
    for (let gpu = 1; gpu < this.gpus.length; gpu++) {
      const [one, other] = [this.gpus[gpu]!, this.gpus[best]!];
      if (one.works === other.works ? one.load < other.load : one.works) best = gpu;
    }
    return best;
  }

  /** Has a frame wait in its lane, which must be empty. */
  wait(lane: number, frame: number, offered: { readonly crops: number; readonly deadline: Milli }): void {
    this.#lanes.wait(lane, frame, offered);
    this.#insert(lane);
  }

  /** Empties a lane in which a frame waits. */
  takeOut(lane: number): void {
    this.#remove(lane);
    this.#lanes.empty(lane);
  }

  /** Has a lane's frames go through another recipe; one that waits goes along. */
  choose(lane: number, recipe: number): void {
    this.#remove(lane);
    this.#lanes.choose(lane, recipe);
    this.#insert(lane);
  }

  /** Puts a lane that was opened on its GPU. */
  enter(lane: number): void {
    this.#lanes.load[lane] = this.#loadOf(lane);
    this.weigh(lane, 1);
  }

  /** Has a lane's load follow the recipe of its newest frame: where frames take turns between two it is their mean, nearly. */
  follow(lane: number): void {
    const change = FOLLOWING * (this.#loadOf(lane) - this.#lanes.load[lane]!);
    this.#lanes.load[lane]! += change;
    this.of(lane).load += change;
  }

  /** Puts a lane's load on its GPU (1), or takes it off (−1). */
  weigh(lane: number, sign: 1 | -1): void {
    const gpu = this.of(lane);
    gpu.load += sign * this.#lanes.load[lane]!;
    gpu.share.lanes(sign);
  }

  /** Counts what lanes ask for by what recipes cost now; they stay where they are. */
  reweigh(): void {
    for (let lane = 0; lane < this.#lanes.most; lane++) {
      if (!this.#lanes.isOpen(lane)) continue;
      this.weigh(lane, -1);
      this.enter(lane);
    }
  }

  /** Of what all GPUs can do together. */
  get totalLoad(): number {
    const load = this.gpus.reduce((sum, gpu) => sum + gpu.load, 0) / this.gpus.length;
    // What lanes have put on and taken off again may leave a rounding below nothing.
    return Math.max(0, load);
  }

  /** Places all lanes anew if a GPU has lost its last worker, or has one again. */
  review(): void {
    let changed = false;
    for (const gpu of this.gpus) {
      changed ||= gpu.works !== gpu.hasWorker;
      gpu.works = gpu.hasWorker;
    }
    // Without any GPU lanes stay where they are, until one comes back.
    if (!changed || this.gpus.every(({ works }) => !works)) return;
    const lanes = this.#lanes;
    for (let lane = 0; lane < lanes.most; lane++) if (lanes.isOpen(lane)) this.weigh(lane, -1);
    for (let lane = 0; lane < lanes.most; lane++) if (lanes.isOpen(lane)) this.#move(lane);
  }

  #loadOf(lane: number): number {
    const lanes = this.#lanes;
    return lanes.rate[lane]! / 1000 / (this.#costs.bestRate(lanes.recipe(lane)) || 1);
  }

  #move(lane: number): void {
    this.#remove(lane);
    this.#lanes.place(lane, this.leastLoaded);
    this.weigh(lane, 1);
    this.#insert(lane);
  }

  #insert(lane: number): void {
    const lanes = this.#lanes;
    if (lanes.frame(lane) !== NOTHING) this.of(lane).queues[lanes.recipe(lane)]!.insert(lane, lanes.deadline(lane));
  }

  #remove(lane: number): void {
    const lanes = this.#lanes;
    if (lanes.frame(lane) !== NOTHING) this.of(lane).queues[lanes.recipe(lane)]!.remove(lane, lanes.deadline(lane));
  }
}

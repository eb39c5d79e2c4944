import type { Milli } from '../time.ts';
import type { CostTable } from './cost/cost-table.ts';
import type { DropReason } from './drop.ts';
import type { BatchView } from './frames/batch-view.ts';

/** What a tier of sessions is promised when there is too much for the GPUs. */
export interface TierOptions {
  /** Share of what no tier has reserved, against the other tiers' weights; above 0. Default 1. */
  readonly weight?: number;
  /** Share of the GPUs that is this tier's whatever the others ask for, 0–1. Default 0; all together at most 1. */
  readonly reserved?: number;
}

export interface FrameSchedulerOptions {
  /** What batches take; kept current by `finished`. Its owner fills it with profiles, at any time. */
  readonly costs: CostTable;
  /** GPUs, at least 1. Worker `w` is on GPU `⌊w ÷ workersPerGpu⌋`. */
  readonly gpus: number;
  readonly workersPerGpu: number;
  /** Most lanes at a time. */
  readonly lanes: number;
  /** Default: one. */
  readonly tiers?: readonly TierOptions[];
  /** Most crops a second of all lanes of one tenant; what is more is thinned. Default Infinity. Tenant 0 is nobody's: no cap. */
  readonly tenantRate?: number;
  /** A worker may take its next batch so long before its current one is expected to end, to have it staged. Default 0. */
  readonly lead?: Milli;
  /** A frame is given up; exactly once for each that is not taken, or was taken and lost. It must not call back. */
  readonly onDrop: (lane: number, frame: number, reason: DropReason) => void;
  /** How far a lane is degraded has changed: see degradation.ts. It must not call back. */
  readonly onLevel?: (lane: number, level: number) => void;
}

export interface LaneOptions {
  readonly recipe: number;
  readonly tier: number;
  /** 0: nobody's in particular. */
  readonly tenant: number;
  /** Frames a second that will be offered. */
  readonly frameRate: number;
  /** Crops of each frame. */
  readonly faces: number;
}

const NOTHING = -1;

/**
 * Decides which frames are swapped when, by whom and with which others. One lane per session holds its newest frame; a frame is
 * its crops, all or none. Pure: it is told the time with every call, and asked (`take`) by whoever feeds the workers. After every
 * `offer`, `finished` and `available`, and at `wakeAt`, each worker that is free should be asked.
 *
 * Every frame offered is taken once (`take`) or dropped once (`onDrop`). Nothing is allocated per frame.
 */
export class FrameScheduler {
  readonly #costs: CostTable;
  readonly #workersPerGpu: number;
  readonly #onDrop: FrameSchedulerOptions['onDrop'];
  readonly #recipe: Int32Array;
  readonly #gpu: Int32Array;
  readonly #lanesOfGpu: Int32Array;
  readonly #frame: Float64Array;
  readonly #crops: Int32Array;
  readonly #deadline: Float64Array;
  readonly #available: Uint8Array;
  readonly #endsAt: Float64Array;
  readonly #running: { recipe: number; crops: number; busy: number }[];
  readonly #free: number[] = [];

  constructor({ costs, gpus, workersPerGpu, lanes, onDrop }: FrameSchedulerOptions) {
    this.#costs = costs;
    this.#workersPerGpu = workersPerGpu;
    this.#onDrop = onDrop;
    this.#recipe = new Int32Array(lanes).fill(NOTHING);
    this.#gpu = new Int32Array(lanes);
    this.#lanesOfGpu = new Int32Array(gpus);
    this.#frame = new Float64Array(lanes).fill(NOTHING);
    this.#crops = new Int32Array(lanes);
    this.#deadline = new Float64Array(lanes);
    this.#available = new Uint8Array(gpus * workersPerGpu).fill(1);
    this.#endsAt = new Float64Array(gpus * workersPerGpu).fill(Infinity);
    this.#running = Array.from({ length: gpus * workersPerGpu }, () => ({ recipe: 0, crops: 0, busy: 0 }));
    for (let lane = lanes - 1; lane >= 0; lane--) this.#free.push(lane);
  }

  /** Opens a lane for a session. @throws RangeError if `lanes` are open already: whoever admits sessions counts them */
  openLane(options: LaneOptions): number {
    const lane = this.#free.pop();
    if (lane === undefined) throw new RangeError('there must be a free lane');
    let gpu = 0;
    for (let other = 1; other < this.#lanesOfGpu.length; other++)
      if (this.#lanesOfGpu[other]! < this.#lanesOfGpu[gpu]!) gpu = other;
    this.#lanesOfGpu[gpu]!++;
    this.#gpu[lane] = gpu;
    this.#recipe[lane] = options.recipe;
    return lane;
  }

  /** Closes it; what waits is dropped as `closed`. Its frames that were taken are not asked for any more. Idempotent. */
  closeLane(lane: number): void {
    if (this.#recipe[lane] === NOTHING) return;
    this.#drop(lane, 'closed');
    this.#recipe[lane] = NOTHING;
    this.#lanesOfGpu[this.#gpu[lane]!]!--;
    this.#free.push(lane);
  }

  /**
   * Puts a frame into its lane. One that still waits there is dropped as `replaced`; this one, perhaps at once, as `late` if it
   * cannot be in time, or `thinned` if it is one too many.
   * @param frame the caller's number of it, given back as it is. @param crops its crops, at least 1
   */
  offer(lane: number, frame: number, { crops, deadline, now }: { crops: number; deadline: Milli; now: Milli }): void {
    this.#drop(lane, 'replaced');
    this.#frame[lane] = frame;
    this.#crops[lane] = crops;
    this.#deadline[lane] = deadline;
    const recipe = this.#recipe[lane]!;
    if (crops > this.#costs.maximumBatch(recipe)) this.#drop(lane, 'failed');
    else if (now + this.#costs.p50(recipe, crops) > deadline) this.#drop(lane, 'late');
  }

  /**
   * Fills `batch` with the frames that `worker` should swap next, which from then on are the caller's. False if it should do
   * nothing yet, because it is at work, or nothing waits, or waiting pays.
   */
  take(worker: number, now: Milli, batch: BatchView): boolean {
    if (!this.#available[worker] || this.#endsAt[worker] !== Infinity) return false;
    const gpu = Math.floor(worker / this.#workersPerGpu);
    let busy = 1;
    for (let other = gpu * this.#workersPerGpu; other < (gpu + 1) * this.#workersPerGpu; other++)
      if (this.#endsAt[other] !== Infinity) busy++;
    batch.size = 0;
    batch.crops = 0;
    let tightest = Infinity;
    for (;;) {
      const lane = this.#mostUrgent(gpu, batch);
      if (lane === NOTHING) break;
      const recipe = this.#recipe[lane]!;
      const crops = this.#crops[lane]!;
      const earliest = Math.min(tightest, this.#deadline[lane]!);
      if (now + this.#costs.p50(recipe, crops, busy) > this.#deadline[lane]!) {
        this.#drop(lane, 'late');
        continue;
      }
      const total = batch.crops + crops;
      if (total > this.#costs.maximumBatch(recipe) || now + this.#costs.p50(recipe, total, busy) > earliest) break;
      batch.recipe = recipe;
      batch.lanes[batch.size] = lane;
      batch.frames[batch.size] = this.#frame[lane]!;
      batch.faces[batch.size] = crops;
      batch.size++;
      batch.crops = total;
      tightest = earliest;
      this.#frame[lane] = NOTHING;
    }
    if (batch.size === 0) return false;
    this.#endsAt[worker] = now + this.#costs.p50(batch.recipe, batch.crops, busy);
    Object.assign(this.#running[worker]!, { recipe: batch.recipe, crops: batch.crops, busy });
    return true;
  }

  /** When `worker` should be asked again if nothing else happens; Infinity if only an `offer` or `finished` can change anything. */
  wakeAt(_worker: number, _now: Milli): Milli {
    return Infinity;
  }

  /** The batch that `worker` took first of those it has is done. @param duration what it took, from its start to its result */
  finished(worker: number, _now: Milli, duration: Milli): void {
    const { recipe, crops, busy } = this.#running[worker]!;
    if (this.#endsAt[worker] === Infinity) return;
    this.#endsAt[worker] = Infinity;
    this.#costs.observe(recipe, crops, { busy, duration });
  }

  /**
   * What `worker` had is lost, and it is not available. Its frames wait again, if they can still be in time and nothing newer
   * has come; the others are dropped as `lost`.
   */
  lost(worker: number, _now: Milli): void {
    this.#available[worker] = 0;
    this.#endsAt[worker] = Infinity;
  }

  /** Whether `worker` can be given batches; at first each can. Taking this back leaves its running batch to `finished` or `lost`. */
  available(worker: number, available: boolean): void {
    this.#available[worker] = available ? 1 : 0;
  }

  #mostUrgent(gpu: number, batch: BatchView): number {
    let best = NOTHING;
    for (let lane = 0; lane < this.#frame.length; lane++) {
      if (this.#frame[lane] === NOTHING || this.#gpu[lane] !== gpu) continue;
      if (batch.size > 0 && this.#recipe[lane] !== batch.recipe) continue;
      if (best === NOTHING || this.#deadline[lane]! < this.#deadline[best]!) best = lane;
    }
    return best;
  }

  #drop(lane: number, reason: DropReason): void {
    const frame = this.#frame[lane]!;
    if (frame === NOTHING) return;
    this.#frame[lane] = NOTHING;
    this.#onDrop(lane, frame, reason);
  }
}

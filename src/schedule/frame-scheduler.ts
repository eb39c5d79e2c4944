import type { Milli } from '../time.ts';
import type { CostTable } from './cost/cost-table.ts';
import type { DropReason } from './drop.ts';
import type { BatchView } from './frames/batch-view.ts';
import { Batching, type BatchTimes } from './frames/batching.ts';
import { Gpu } from './frames/gpu.ts';
import { Ladders } from './frames/ladders.ts';
import { Lanes, NOTHING } from './frames/lanes.ts';
import { leastLoaded } from './frames/placement.ts';
import { TenantCaps } from './frames/tenant-caps.ts';
import type { WorkerQueue } from './frames/worker-queue.ts';

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
  /** Of each frame. */
  readonly faces: number;
  /** Crops of a face at most; more than one where it is cut more finely than the network takes it. Default 1. */
  readonly cropsEach?: number;
  /** Its recipe has an enhancer, which the ladder can leave out. Default false. */
  readonly enhancer?: boolean;
  /** A lane of the same session, if it has several: what one is given the other has had. It is closed last. */
  readonly beside?: number;
}

/** Safety, in mean absolute deviations of batch times: two of them are 1.6 standard deviations. */
const MARGIN = 2;
/** If nothing of a recipe was taken for so long, and frames of it are refused, what its batches take is doubted. */
const DOUBTED_AFTER: Milli = 500;

/**
 * Decides which frames are swapped when, by whom and with which others (docs/scheduling.md). One lane per session holds its newest
 * frame; a frame is its crops, all or none. Pure: it is told the time with every call, and asked (`take`) by whoever feeds the
 * workers: after every `offer`, `finished` and `available`, and at `wakeAt`, each worker that may take something.
 *
 * Every frame offered is taken (`take`) or dropped (`onDrop`), once; nothing is allocated per frame.
 */
export class FrameScheduler {
  readonly #costs: CostTable;
  readonly #workersPerGpu: number;
  readonly #lead: Milli;
  readonly #onDrop: FrameSchedulerOptions['onDrop'];
  readonly #lanes: Lanes;
  readonly #gpus: readonly Gpu[];
  readonly #tenants: TenantCaps;
  readonly #ladders: Ladders;
  readonly #batching: Batching;
  /** When a batch of each recipe was last taken. */
  readonly #takenAt: Float64Array;
  readonly #times: { readonly expected: Float64Array; readonly safe: Float64Array; maximum: number } & BatchTimes;

  constructor(options: FrameSchedulerOptions) {
    const { costs, gpus, workersPerGpu, lanes, tiers = [{}], tenantRate = Infinity, lead = 0, onDrop } = options;
    const reserved = tiers.reduce((sum, tier) => sum + (tier.reserved ?? 0), 0);
    if (reserved > 1) throw new TypeError(`reserved shares must be at most 1 together [reserved:${reserved}]`);
    this.#costs = costs;
    this.#workersPerGpu = workersPerGpu;
    this.#lead = lead;
    this.#onDrop = onDrop;
    this.#lanes = new Lanes(lanes);
    this.#tenants = new TenantCaps(tenantRate);
    const { recipes, largestBatch } = costs;
    this.#gpus = Array.from({ length: gpus }, () => new Gpu({ recipes, workers: workersPerGpu, largestBatch, tiers }));
    this.#ladders = new Ladders(this.#lanes, { most: lanes, gpus, onLevel: options.onLevel ?? (() => undefined) });
    this.#batching = new Batching(this.#lanes, largestBatch);
    this.#takenAt = new Float64Array(recipes).fill(-Infinity);
    const room = largestBatch + 1;
    this.#times = { expected: new Float64Array(room), safe: new Float64Array(room), maximum: 0 };
  }

  /** Opens a lane for a session. @throws RangeError if `lanes` are open already: whoever admits sessions counts them */
  openLane(options: LaneOptions): number {
    const gpu = options.beside === undefined ? leastLoaded(this.#gpus) : this.#lanes.gpu[options.beside]!;
    const lane = this.#lanes.open(options, gpu);
    this.#tenants.open(options.tenant);
    const { enhancer = false, faces, cropsEach = 1 } = options;
    this.#ladders.open(lane, { enhancer, faces, boosted: cropsEach > 1 });
    this.#weigh(lane, 1);
    return lane;
  }

  /** Closes it; what waits is dropped as `closed`. Its frames that were taken are not put back if they are lost. Idempotent. */
  closeLane(lane: number): void {
    if (!this.#lanes.isOpen(lane)) return;
    const gpu = this.#gpuOf(lane);
    this.#drop(lane, 'closed');
    for (const worker of gpu.workers) worker.forget(lane);
    this.#weigh(lane, -1);
    this.#ladders.close(lane);
    this.#tenants.close(this.#lanes.tenant[lane]!);
    this.#lanes.close(lane);
  }

  /** From now on this lane's frames go through another recipe; one that waits goes along. */
  choose(lane: number, recipe: number): void {
    const lanes = this.#lanes;
    if (lanes.recipe[lane] === recipe) return;
    const waits = lanes.frame[lane] !== NOTHING;
    if (waits) this.#gpuOf(lane).queues[lanes.recipe[lane]!]!.remove(lane, lanes.deadline[lane]!);
    this.#weigh(lane, -1);
    lanes.recipe[lane] = recipe;
    this.#weigh(lane, 1);
    if (waits) this.#gpuOf(lane).queues[recipe]!.insert(lane, lanes.deadline[lane]!);
  }

  /**
   * Puts a frame into its lane. One that still waits there is dropped as `replaced`; this one, perhaps at once, as `late` if it
   * cannot be in time, `thinned` if it is one too many, or `failed` if it is more than a batch of its recipe.
   * @param frame the caller's number of it, given back as it is. @param crops its crops, at least 1
   */
  offer(lane: number, frame: number, { crops, deadline, now }: { crops: number; deadline: Milli; now: Milli }): void {
    this.#ladders.review(now);
    const lanes = this.#lanes;
    const recipe = lanes.recipe[lane]!;
    if (lanes.frame[lane] !== NOTHING) this.#giveUp(lane, 'replaced');
    lanes.owe(lane, this.#gpuOf(lane).share.share(lanes.tier[lane]!));
    lanes.wait(lane, frame, { crops, deadline });
    this.#gpuOf(lane).queues[recipe]!.insert(lane, deadline);
    if (crops > this.#costs.maximumBatch(recipe)) this.#drop(lane, 'failed');
    else if (now + this.#costs.p50(recipe, crops) > deadline) this.#refuse(lane, now);
    else if (!this.#tenants.admits(lanes.tenant[lane]!, crops, now)) this.#drop(lane, 'thinned');
  }

  /**
   * Fills `batch` with the frames that `worker` should swap next, which from then on are the caller's. False if it should do
   * nothing yet, because it has enough to do, or nothing waits.
   */
  take(worker: number, now: Milli, batch: BatchView): boolean {
    const gpu = this.#gpus[Math.floor(worker / this.#workersPerGpu)]!;
    const queue = gpu.workers[worker % this.#workersPerGpu]!;
    this.#ladders.review(now);
    if (!queue.available || queue.takesAt(now, this.#lead) > now) return false;
    const start = queue.freeAt(now);
    const busy = gpu.busyWith(queue);
    const recipe = this.#recipeFor(gpu, { start, busy, now });
    if (recipe === NOTHING) return false;
    this.#readTimes(recipe, busy);
    this.#batching.choose({ queue: gpu.queues[recipe]!, share: gpu.share, times: this.#times, start });
    this.#give(gpu, { recipe, batch, queue, busy, start });
    return true;
  }

  /** When `worker` should be asked again if nothing else happens; Infinity if only an `offer` or `finished` can change anything. */
  wakeAt(worker: number, now: Milli): Milli {
    const gpu = this.#gpus[Math.floor(worker / this.#workersPerGpu)]!;
    const queue = gpu.workers[worker % this.#workersPerGpu]!;
    const review = this.#ladders.dueAt();
    if (!queue.available || queue.length === 0 || gpu.isEmpty) return review;
    const at = queue.takesAt(now, this.#lead);
    return at > now ? Math.min(at, review) : review;
  }

  /** The batch that `worker` took first of those it has is done. @param duration what it took, from its start to its result */
  finished(worker: number, now: Milli, duration: Milli): void {
    const queue = this.#worker(worker);
    if (queue.length === 0) return;
    const { recipe, crops, busy } = queue.oldest;
    queue.shift(now);
    this.#costs.observe(recipe, crops, { busy, duration });
  }

  /**
   * What `worker` had is lost, and it is not available. Its frames wait again and are taken again, if they can still be in time and
   * nothing newer has come; the others are dropped as `lost`.
   */
  lost(worker: number, now: Milli): void {
    const queue = this.#worker(worker);
    const lanes = this.#lanes;
    queue.available = false;
    this.#replace();
    for (let i = 0; i < queue.length; i++) {
      const { size, lanes: of, frames, faces, deadlines } = queue.batch(i);
      for (let j = 0; j < size; j++) {
        const lane = of[j]!;
        if (lane === NOTHING) continue;
        const recipe = lanes.recipe[lane]!;
        const [frame, crops, deadline] = [frames[j]!, faces[j]!, deadlines[j]!];
        if (lanes.frame[lane] !== NOTHING || now + this.#costs.p50(recipe, crops) > deadline) {
          this.#onDrop(lane, frame, 'lost');
          continue;
        }
        lanes.owe(lane, 1);
        lanes.wait(lane, frame, { crops, deadline });
        this.#gpuOf(lane).queues[recipe]!.insert(lane, deadline);
      }
    }
    queue.clear();
  }

  /**
   * Whether `worker` can be given batches; at first each can. Taking this back leaves what it has to `finished` or `lost`.
   * Lanes of a GPU without any go to the others, and come back.
   */
  available(worker: number, available: boolean): void {
    this.#worker(worker).available = available;
    this.#replace();
  }

  /** What the lanes of a GPU are expected to ask for, 1 being all it can do; Infinity if it has no worker. */
  load(gpu: number): number {
    const { load, works } = this.#gpus[gpu]!;
    return works ? load : Infinity;
  }

  /** The recipe whose most urgent frame is most urgent of all; what cannot be in time any more is given up on the way. */
  #recipeFor(gpu: Gpu, { start, busy, now }: { start: Milli; busy: number; now: Milli }): number {
    let best = NOTHING;
    let bestUrgency = Infinity;
    for (let recipe = 0; recipe < gpu.queues.length; recipe++) {
      const queue = gpu.queues[recipe]!;
      while (queue.length > 0) {
        const first = queue.lane(0);
        const ends = start + this.#safe(recipe, this.#lanes.crops[first]!, busy);
        if (ends <= queue.deadline(0)) break;
        this.#giveUp(first, gpu.share.overloaded ? 'thinned' : 'late');
        this.#doubt(recipe, now);
      }
      if (queue.length === 0) continue;
      const urgency = this.#batching.urgency(queue.lane(0), gpu.share);
      if (urgency >= bestUrgency) continue;
      best = recipe;
      bestUrgency = urgency;
    }
    return best;
  }

  #give(gpu: Gpu, at: { recipe: number; batch: BatchView; queue: WorkerQueue; busy: number; start: Milli }): void {
    const { recipe, batch, queue, busy, start } = at;
    const lanes = this.#lanes;
    const running = queue.push();
    const { size, crops, chosen } = this.#batching;
    for (let i = 0; i < size; i++) {
      const lane = chosen[i]!;
      batch.lanes[i] = running.lanes[i] = lane;
      batch.frames[i] = running.frames[i] = lanes.frame[lane]!;
      batch.faces[i] = running.faces[i] = lanes.crops[lane]!;
      running.deadlines[i] = lanes.deadline[lane]!;
      gpu.queues[recipe]!.remove(lane, lanes.deadline[lane]!);
      lanes.frame[lane] = NOTHING;
      lanes.owe(lane, -1);
      this.#settle(lane, true);
    }
    batch.recipe = running.recipe = recipe;
    batch.size = running.size = size;
    batch.crops = running.crops = crops;
    running.busy = busy;
    this.#takenAt[recipe] = start;
    running.expected = this.#times.expected[crops]!;
    running.endsAt = start + running.expected;
  }

  #readTimes(recipe: number, busy: number): void {
    const { expected, safe } = this.#times;
    this.#times.maximum = this.#costs.maximumBatch(recipe);
    const margin = 1 + MARGIN * this.#costs.deviation(recipe, busy);
    for (let crops = 1; crops <= this.#times.maximum; crops++) {
      expected[crops] = this.#costs.p50(recipe, crops, busy);
      safe[crops] = expected[crops]! * margin;
    }
  }

  #safe(recipe: number, crops: number, busy: number): Milli {
    return this.#costs.p50(recipe, crops, busy) * (1 + MARGIN * this.#costs.deviation(recipe, busy));
  }

  #settle(lane: number, served: boolean): void {
    this.#ladders.count(lane, served);
    const cost = this.#lanes.crops[lane]! / this.#costs.bestRate(this.#lanes.recipe[lane]!);
    this.#gpuOf(lane).share.settle(this.#lanes.tier[lane]!, cost, served);
  }

  /** Too late as it comes, even for a GPU with nothing else to do: that is no want of GPU time. */
  #refuse(lane: number, now: Milli): void {
    this.#doubt(this.#lanes.recipe[lane]!, now);
    this.#drop(lane, 'late');
  }

  /** A frame was refused for what a batch of the recipe is thought to take, which nobody measures while none is run. */
  #doubt(recipe: number, now: Milli): void {
    if (now - this.#takenAt[recipe]! > DOUBTED_AFTER) this.#costs.doubt(recipe);
  }

  /** For want of GPU time: it counts in what share is served. */
  #giveUp(lane: number, reason: DropReason): void {
    this.#settle(lane, false);
    this.#drop(lane, reason);
  }

  #drop(lane: number, reason: DropReason): void {
    const lanes = this.#lanes;
    const frame = lanes.frame[lane]!;
    if (frame === NOTHING) return;
    this.#gpuOf(lane).queues[lanes.recipe[lane]!]!.remove(lane, lanes.deadline[lane]!);
    lanes.frame[lane] = NOTHING;
    this.#onDrop(lane, frame, reason);
  }

  /** Places all lanes anew when a GPU has lost its last worker, or has one again. */
  #replace(): void {
    let changed = false;
    for (const gpu of this.#gpus) {
      changed ||= gpu.works !== gpu.hasWorker;
      gpu.works = gpu.hasWorker;
    }
    // Without any GPU lanes stay where they are, until one comes back.
    if (!changed || this.#gpus.every(({ works }) => !works)) return;
    const lanes = this.#lanes;
    for (let lane = 0; lane < lanes.recipe.length; lane++) if (lanes.isOpen(lane)) this.#weigh(lane, -1);
    for (let lane = 0; lane < lanes.recipe.length; lane++)
      if (lanes.isOpen(lane)) this.#move(lane, leastLoaded(this.#gpus));
  }

  #move(lane: number, gpu: number): void {
    const lanes = this.#lanes;
    const recipe = lanes.recipe[lane]!;
    const waits = lanes.frame[lane] !== NOTHING;
    if (waits) this.#gpuOf(lane).queues[recipe]!.remove(lane, lanes.deadline[lane]!);
    lanes.gpu[lane] = gpu;
    this.#weigh(lane, 1);
    if (waits) this.#gpuOf(lane).queues[recipe]!.insert(lane, lanes.deadline[lane]!);
  }

  /** Puts a lane's load on its GPU (1), or takes it off (−1). */
  #weigh(lane: number, sign: 1 | -1): void {
    const gpu = this.#gpuOf(lane);
    // What it has put on is taken off, though its recipe may have been profiled meanwhile.
    if (sign > 0) this.#lanes.load[lane] = this.#loadOf(lane);
    gpu.load += sign * this.#lanes.load[lane]!;
    gpu.share.lanes(sign);
  }

  #loadOf(lane: number): number {
    return this.#lanes.rate[lane]! / 1000 / (this.#costs.bestRate(this.#lanes.recipe[lane]!) || 1);
  }

  #gpuOf(lane: number): Gpu {
    return this.#gpus[this.#lanes.gpu[lane]!]!;
  }

  #worker(worker: number): WorkerQueue {
    return this.#gpus[Math.floor(worker / this.#workersPerGpu)]!.workers[worker % this.#workersPerGpu]!;
  }
}

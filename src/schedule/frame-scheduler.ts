import type { Milli } from '../time.ts';
import type { CostTable } from './cost/cost-table.ts';
import type { DropReason } from './drop.ts';
import type { BatchView } from './frames/batch-view.ts';
import { Batching, type BatchTimes } from './frames/batching.ts';
import type { Gpu } from './frames/gpu.ts';
import { Ladders } from './frames/ladders.ts';
import { Lanes, NOTHING } from './frames/lanes.ts';
import { Placement } from './frames/placement.ts';
import { TenantCaps } from './frames/tenant-caps.ts';
import type { WorkerQueue } from './frames/worker-queue.ts';
import type { FrameSchedulerOptions, LaneOptions } from './scheduler-options.ts';

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
  readonly #lead: Milli;
  readonly #onDrop: FrameSchedulerOptions['onDrop'];
  readonly #lanes: Lanes;
  readonly #placement: Placement;
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
    this.#lead = lead;
    this.#onDrop = onDrop;
    this.#lanes = new Lanes(lanes);
    this.#tenants = new TenantCaps(tenantRate);
    const { recipes, largestBatch } = costs;
    this.#placement = new Placement(this.#lanes, { costs, gpus, workersPerGpu, tiers });
    this.#ladders = new Ladders(this.#lanes, { most: lanes, gpus, onLevel: options.onLevel ?? (() => undefined) });
    this.#batching = new Batching(this.#lanes, largestBatch);
    this.#takenAt = new Float64Array(recipes).fill(-Infinity);
    const room = largestBatch + 1;
    this.#times = { expected: new Float64Array(room), safe: new Float64Array(room), maximum: 0 };
  }

  /** Opens a lane for a session. @throws RangeError if `lanes` are open already: whoever admits sessions counts them */
  openLane(options: LaneOptions): number {
    const gpu = options.beside === undefined ? this.#placement.leastLoaded : this.#lanes.gpu(options.beside);
    const lane = this.#lanes.open(options, gpu);
    this.#tenants.open(options.tenant);
    const { enhancer = false, faces, cropsEach = 1 } = options;
    this.#ladders.open(lane, { enhancer, faces, boosted: cropsEach > 1 });
    this.#placement.enter(lane);
    return lane;
  }

  /** Closes it; what waits is dropped as `closed`. Its frames that were taken are not put back if they are lost. Idempotent. */
  closeLane(lane: number): void {
    if (!this.#lanes.isOpen(lane)) return;
    this.#drop(lane, 'closed');
    for (const worker of this.#placement.of(lane).workers) worker.forget(lane);
    this.#placement.weigh(lane, -1);
    this.#ladders.close(lane);
    this.#tenants.close(this.#lanes.tenant[lane]!);
    this.#lanes.close(lane);
  }

  /** From now on this lane's frames go through this recipe; one that waits goes along. To be called for each frame: its load follows with them. */
  choose(lane: number, recipe: number): void {
    if (this.#lanes.recipe(lane) !== recipe) this.#placement.choose(lane, recipe);
    this.#placement.follow(lane);
  }

  /**
   * Puts a frame into its lane. One that still waits there is dropped as `replaced`; this one, perhaps at once, as `late` if it
   * cannot be in time, `thinned` if it is one too many, or `failed` if it is more than a batch of its recipe.
   * @param frame the caller's number of it, given back as it is. @param crops its crops, at least 1
   */
  offer(lane: number, frame: number, offered: { crops: number; deadline: Milli; now: Milli }): void {
    const { crops, deadline, now } = offered;
    this.#ladders.review(now);
    const lanes = this.#lanes;
    const recipe = lanes.recipe(lane);
    if (lanes.frame(lane) !== NOTHING) this.#giveUp(lane, 'replaced');
    lanes.owe(lane, this.#placement.of(lane).share.share(lanes.tier(lane)));
    this.#placement.wait(lane, frame, offered);
    if (crops > this.#costs.maximumBatch(recipe)) this.#drop(lane, 'failed');
    else if (now + this.#costs.p50(recipe, crops) > deadline) this.#refuse(lane, now);
    else if (!this.#tenants.admits(lanes.tenant[lane]!, crops, now)) this.#drop(lane, 'thinned');
  }

  /**
   * Fills `batch` with the frames that `worker` should swap next, which from then on are the caller's. False if it should do
   * nothing yet, because it has enough to do, or nothing waits.
   */
  take(worker: number, now: Milli, batch: BatchView): boolean {
    const gpu = this.#placement.gpuOf(worker);
    const queue = this.#placement.worker(worker);
    this.#ladders.review(now);
    if (!queue.available || queue.takesAt(now, this.#lead) > now) return false;
    const start = queue.freeAt(now);
    const busy = gpu.busyWith(queue);
    const recipe = this.#recipeFor(gpu, { queue, start, busy, now });
    if (recipe === NOTHING) return false;
    this.#readTimes(recipe, { queue, busy });
    this.#batching.choose({ queue: gpu.queues[recipe]!, share: gpu.share, times: this.#times, start });
    this.#give({ recipe, batch, queue, busy, start });
    return true;
  }

  /** When `worker` should be asked again if nothing else happens; Infinity if only an `offer` or `finished` can change anything. */
  wakeAt(worker: number, now: Milli): Milli {
    const gpu = this.#placement.gpuOf(worker);
    const queue = this.#placement.worker(worker);
    const review = this.#ladders.dueAt();
    if (!queue.available || queue.length === 0 || gpu.isEmpty) return review;
    const at = queue.takesAt(now, this.#lead);
    return at > now ? Math.min(at, review) : review;
  }

  /** The batch that `worker` took first of those it has is done. @param duration what it took, from its start to its result */
  finished(worker: number, now: Milli, duration: Milli): void {
    const queue = this.#placement.worker(worker);
    if (queue.length === 0) return;
    const { recipe, crops, busy, size, lanes, deadlines } = queue.oldest;
    // What came too late was in vain: its lanes are owed it again.
    for (let i = 0; i < size; i++) if (lanes[i] !== NOTHING && deadlines[i]! < now) this.#lanes.owe(lanes[i]!, 1);
    queue.shift(now);
    this.#costs.observe(recipe, queue.filled(recipe, crops), { busy, duration });
  }

  /**
   * What `worker` had is lost, and it is not available. Its frames wait again and are taken again, if they can still be in time and
   * nothing newer has come; the others are dropped as `lost`.
   */
  lost(worker: number, now: Milli): void {
    const queue = this.#placement.worker(worker);
    const lanes = this.#lanes;
    queue.available = false;
    this.#placement.review();
    for (let i = 0; i < queue.length; i++) {
      const { size, lanes: of, frames, faces, deadlines } = queue.batch(i);
      for (let j = 0; j < size; j++) {
        const lane = of[j]!;
        if (lane === NOTHING) continue;
        const recipe = lanes.recipe(lane);
        const [frame, crops, deadline] = [frames[j]!, faces[j]!, deadlines[j]!];
        if (lanes.frame(lane) !== NOTHING || now + this.#costs.p50(recipe, crops) > deadline) {
          this.#onDrop(lane, frame, 'lost');
          continue;
        }
        lanes.owe(lane, 1);
        this.#placement.wait(lane, frame, { crops, deadline });
      }
    }
    queue.clear();
  }

  /**
   * Whether `worker` can be given batches; at first each can. Taking this back leaves what it has to `finished` or `lost`.
   * Lanes of a GPU without any go to the others, and come back.
   */
  available(worker: number, available: boolean): void {
    this.#placement.worker(worker).available = available;
    this.#placement.review();
  }

  /**
   * Batch sizes, ascending, that `worker` is warm for: it fills batches of a recipe up to the next of them. Until this is said, a batch is
   * taken to cost what the table says of its size.
   */
  fills(worker: number, recipe: number, sizes: readonly number[]): void {
    this.#placement.worker(worker).fills(recipe, sizes);
  }

  /** To be called when recipes were profiled anew: what lanes ask for is counted by what they cost now. */
  reweigh(): void {
    this.#placement.reweigh();
  }

  /** What all lanes ask for of what all GPUs can do together, whether they have workers or not. */
  get totalLoad(): number {
    return this.#placement.totalLoad;
  }

  /** What the lanes of a GPU are expected to ask for, 1 being all it can do; Infinity if it has no worker. */
  load(gpu: number): number {
    const { load, works } = this.#placement.gpus[gpu]!;
    return works ? load : Infinity;
  }

  /** The recipe whose most urgent frame is most urgent of all; what cannot be in time any more is given up on the way. */
  #recipeFor(gpu: Gpu, at: { queue: WorkerQueue; start: Milli; busy: number; now: Milli }): number {
    let best = NOTHING;
    let bestUrgency = Infinity;
    for (let recipe = 0; recipe < gpu.queues.length; recipe++) {
      const queue = gpu.queues[recipe]!;
      while (queue.length > 0) {
        const first = queue.lane(0);
        const ends = at.start + this.#safe(recipe, this.#lanes.crops(first), at);
        if (ends <= queue.deadline(0)) break;
        this.#giveUp(first, gpu.share.overloaded ? 'thinned' : 'late');
        this.#doubt(recipe, at.now);
      }
      if (queue.length === 0) continue;
      const urgency = this.#batching.urgency(queue.lane(0), gpu.share);
      if (urgency >= bestUrgency) continue;
      best = recipe;
      bestUrgency = urgency;
    }
    return best;
  }

  #give(at: { recipe: number; batch: BatchView; queue: WorkerQueue; busy: number; start: Milli }): void {
    const { recipe, batch, queue, busy, start } = at;
    const lanes = this.#lanes;
    const running = queue.push();
    const { size, crops, chosen } = this.#batching;
    for (let i = 0; i < size; i++) {
      const lane = chosen[i]!;
      batch.lanes[i] = running.lanes[i] = lane;
      batch.frames[i] = running.frames[i] = lanes.frame(lane);
      batch.faces[i] = running.faces[i] = lanes.crops(lane);
      running.deadlines[i] = lanes.deadline(lane);
      this.#placement.takeOut(lane);
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

  #readTimes(recipe: number, { queue, busy }: { queue: WorkerQueue; busy: number }): void {
    const { expected, safe } = this.#times;
    this.#times.maximum = this.#costs.maximumBatch(recipe);
    const margin = 1 + MARGIN * this.#costs.deviation(recipe, busy);
    for (let crops = 1; crops <= this.#times.maximum; crops++) {
      expected[crops] = this.#costs.p50(recipe, queue.filled(recipe, crops), busy);
      safe[crops] = expected[crops]! * margin;
    }
  }

  #safe(recipe: number, crops: number, { queue, busy }: { queue: WorkerQueue; busy: number }): Milli {
    const expected = this.#costs.p50(recipe, queue.filled(recipe, crops), busy);
    return expected * (1 + MARGIN * this.#costs.deviation(recipe, busy));
  }

  #settle(lane: number, served: boolean): void {
    this.#ladders.count(lane, served);
    const cost = this.#lanes.crops(lane) / this.#costs.bestRate(this.#lanes.recipe(lane));
    this.#placement.of(lane).share.settle(this.#lanes.tier(lane), cost, served);
  }

  /** Too late as it comes, even for a GPU with nothing else to do: that is no want of GPU time. */
  #refuse(lane: number, now: Milli): void {
    this.#doubt(this.#lanes.recipe(lane), now);
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
    const frame = lanes.frame(lane);
    if (frame === NOTHING) return;
    this.#placement.takeOut(lane);
    this.#onDrop(lane, frame, reason);
  }
}

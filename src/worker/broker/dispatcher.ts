import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { CostTable } from '../../schedule/cost/cost-table.ts';
import { ENHANCER_OFF } from '../../schedule/degradation.ts';
import { FrameScheduler } from '../../schedule/frame-scheduler.ts';
import type { TierOptions } from '../../schedule/scheduler-options.ts';
import { BatchView } from '../../schedule/frames/batch-view.ts';
import type { CropSource, LaneLevel } from '../../swap/neural/crop-lane.ts';
import type { Clock, Milli } from '../../time.ts';
import type { FrameEnd, OpenLane } from '../wire/broker-protocol.ts';
import { MAXIMUM_BATCH } from '../wire/gpu-protocol.ts';
import type { GpuBatch, GpuBatchDone, GpuRunner } from './gpus/gpu-runner.ts';
import { endOf, sourcesOf, type FrameOutcome, type OfferedFrame } from './offered-frame.ts';
import { Tally } from './tally.ts';
import { plainNumber, variantsOf, type RecipeVariant } from './recipe-variants.ts';
import { Tenants } from './tenants.ts';

/** Most lanes: more sessions than any host's processors carry. */
export const MAXIMUM_LANES = 1024;
/** A worker may have its next batch so long before its current one is expected to end: it hides the way there and back. */
const LEAD: Milli = 2;

interface Frame extends OfferedFrame {
  readonly name: number;
  readonly of: Lane;
  readonly sources: readonly CropSource[];
}

interface Lane {
  readonly tier: string;
  readonly tenant: string;
  readonly recipe: DispatchedRecipe;
  /** Of the recipe as its frames go through it now, in the cost table. */
  number: number;
  /** The same with all its networks, and without its enhancer. */
  readonly whole: number;
  readonly plain: number;
  readonly onLevel: (lane: number, level: LaneLevel) => void;
  /** Those of the frame before. */
  sources: readonly CropSource[];
  level: LaneLevel;
}

/** A recipe, by its place. */
export interface DispatchedRecipe {
  readonly name: string;
  /** Side of its crops, pixels. */
  readonly size: number;
  /** Of a source as its network takes it. */
  readonly sourceBytes: number;
  /** Whatever it has. */
  readonly enhancer?: unknown;
  /** How many times as fine a large face is cut at most, each way. Default 1. */
  readonly boost?: number | undefined;
}

export interface DispatcherOptions {
  readonly recipes: readonly DispatchedRecipe[];
  readonly tiers: readonly (Required<TierOptions> & { readonly name: string })[];
  /** Most crops a second of one tenant. */
  readonly tenantRate: number;
  readonly costs: CostTable;
  readonly gpus: number;
  readonly workersPerGpu: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Between pixel threads and GPU workers: asks the scheduler what to run where, has it run, and gives every frame its outcome.
 * Owns neither.
 */
export class Dispatcher {
  readonly tally = new Tally();
  readonly #options: DispatcherOptions;
  readonly #scheduler: FrameScheduler;
  /** Those that are there, and which of them are given work. */
  readonly #workers: (GpuRunner | undefined)[];
  readonly #employed = new Set<number>();
  readonly #lanes = new Map<number, Lane>();
  readonly #tenants = new Tenants();
  /** Those that wait or run, by their number. Bounded by lanes and what workers take. */
  readonly #frames = new Map<number, Frame>();
  readonly #variants: readonly RecipeVariant[];
  readonly #batch = new BatchView(MAXIMUM_BATCH);
  #nextFrame = 1;
  #waking: NodeJS.Timeout | undefined;

  constructor(options: DispatcherOptions) {
    const { costs, gpus, workersPerGpu, tiers, tenantRate } = options;
    this.#options = options;
    this.#variants = variantsOf(options.recipes);
    this.#workers = Array.from({ length: gpus * workersPerGpu }, () => undefined);
    this.#scheduler = new FrameScheduler({
      costs,
      gpus,
      workersPerGpu,
      lanes: MAXIMUM_LANES,
      tiers,
      tenantRate,
      lead: LEAD,
      onDrop: (_lane, frame, reason) => this.#end(frame, endOf(reason)),
      onLevel: (lane, level) => this.#leveled(lane, level),
    });
    for (let worker = 0; worker < this.#workers.length; worker++) this.#scheduler.available(worker, false);
  }

  /** Open lanes. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** What open lanes need of what all GPUs were measured to do; 1 is all. */
  get load(): number {
    return this.#scheduler.totalLoad;
  }

  /** The same of one GPU, by its place; null while it has no worker. */
  loadOf(gpu: number): number | null {
    const load = this.#scheduler.load(gpu);
    // What lanes have put on and taken off again may leave a rounding below nothing.
    return Number.isFinite(load) ? Math.max(0, load) : null;
  }

  /** @throws GatewayError recipe_unknown, capacity_full */
  openLane(asked: OpenLane, onLevel: Lane['onLevel']): { lane: number; size: number; level: LaneLevel } {
    const { recipes, tiers } = this.#options;
    const recipe = recipes.findIndex(({ name }) => name === asked.recipe);
    if (recipe < 0) throw new GatewayError('recipe_unknown', `there must be such a recipe [recipe:${asked.recipe}]`);
    if (this.#lanes.size >= MAXIMUM_LANES) throw new GatewayError('capacity_full', 'there must be fewer lanes');
    // Who has no tier, or one that the configuration does not know any more, has the first.
    const tier = Math.max(
      0,
      tiers.findIndex(({ name }) => name === asked.tier),
    );
    const { frameRate, faces, tenant } = asked;
    const { enhanced: enhancer } = this.#variants[recipe]!;
    const joined = this.#tenants.join(tenant);
    const cropsEach = (recipes[recipe]!.boost ?? 1) ** 2;
    const lane = this.#scheduler.openLane({ recipe, tier, tenant: joined, frameRate, faces, cropsEach, enhancer });
    const opened = {
      ...{ tier: tiers[tier]!.name, tenant, recipe: recipes[recipe]! },
      ...{ number: recipe, whole: recipe, plain: plainNumber(this.#variants, recipe) },
      ...{ onLevel, sources: [], level: 0 },
    };
    this.#lanes.set(lane, opened);
    return { lane, size: opened.recipe.size, level: 0 };
  }

  /** Idempotent. Its frames end as `closed`. */
  closeLane(number: number): void {
    const lane = this.#lanes.get(number);
    if (lane === undefined) return;
    this.#lanes.delete(number);
    this.#tenants.leave(lane.tenant);
    this.#scheduler.closeLane(number);
    for (const [frame, { of }] of this.#frames) if (of === lane) this.#end(frame, 'closed');
  }

  /** Bytes of a crop of this lane. */
  cropBytes(lane: number): number {
    return (this.#lanes.get(lane)?.recipe.size ?? 0) ** 2 * 3;
  }

  /** Takes a frame of an open lane; the newest wins. @throws GatewayError identity_unknown if its source has not come, message_invalid */
  offer(number: number, frame: OfferedFrame): void {
    const of = this.#lanes.get(number);
    if (of === undefined) return frame.settle({ end: 'closed' });
    const sources = sourcesOf(frame, { before: of.sources, sourceBytes: of.recipe.sourceBytes });
    of.sources = sources;
    // All workers have them before a batch needs them.
    if (frame.sources.some(({ bytes }) => bytes !== undefined))
      for (const worker of this.#workers) worker?.bring(sources);
    this.tally.offered();
    const name = this.#nextFrame++;
    this.#frames.set(name, { ...frame, name, sources, of });
    // Where nobody works there is no load either: lanes must not be degraded for what is over in a moment.
    if (this.#employed.size === 0) return this.#end(name, 'lost');
    const { crops, deadline, enhance } = frame;
    of.number = enhance > 0 && of.level < ENHANCER_OFF ? of.whole : of.plain;
    this.#scheduler.choose(number, of.number);
    this.#scheduler.offer(number, name, { crops: crops.length, deadline, now: this.#options.clock.now() });
    this.#pump();
  }

  /** A worker is there, and is sent what batches will need; `employ` gives it work. Idempotent. */
  enter(worker: number, running: GpuRunner): void {
    this.#workers[worker] = running;
    for (const { sources } of this.#lanes.values()) running.bring(sources);
  }

  /** Batch sizes of a recipe, ascending, that a worker is warm for: it fills batches up to the next of them. */
  fills(worker: number, recipe: number, sizes: readonly number[]): void {
    for (const [number, variant] of this.#variants.entries())
      if (variant.recipe === recipe) this.#scheduler.fills(worker, number, sizes);
  }

  /** The cost table was filled anew. */
  measured(): void {
    this.#scheduler.reweigh();
  }

  /** Whether a worker is given batches from now on; what it has it finishes. */
  employ(worker: number, works: boolean): void {
    if (works) this.#employed.add(worker);
    else this.#employed.delete(worker);
    this.#scheduler.available(worker, works);
    this.#pump();
  }

  /** A worker takes no batches any more; what it has goes to others if it can still be in time. Idempotent. */
  leave(worker: number): void {
    if (this.#workers[worker] === undefined) return;
    this.#workers[worker] = undefined;
    this.#employed.delete(worker);
    this.#scheduler.lost(worker, this.#options.clock.now());
    this.#pump();
  }

  /** Idempotent. All frames end as `closed`. */
  close(): void {
    clearTimeout(this.#waking);
    for (const frame of [...this.#frames.keys()]) this.#end(frame, 'closed');
  }

  /** Gives work to whoever should have it now. */
  #pump(): void {
    clearTimeout(this.#waking);
    let wakeAt = Infinity;
    for (const [worker, running] of this.#workers.entries()) {
      if (running === undefined) continue;
      while (this.#scheduler.take(worker, this.#options.clock.now(), this.#batch)) this.#start(worker, running);
      wakeAt = Math.min(wakeAt, this.#scheduler.wakeAt(worker, this.#options.clock.now()));
    }
    if (wakeAt === Infinity) return;
    this.#waking = setTimeout(() => this.#pump(), Math.max(0, wakeAt - this.#options.clock.now()));
  }

  #start(worker: number, running: GpuRunner): void {
    const { recipe, size, frames } = this.#batch;
    const names = [...frames.subarray(0, size)];
    // Of a lane that is closed since, its frames are no more; they are not taken then.
    const members = names.map((name) => this.#frames.get(name)!);
    const variant = this.#variants[recipe]!;
    const batch: GpuBatch = {
      recipe: this.#options.recipes[variant.recipe]!.name,
      crops: members.flatMap(({ crops }) => crops),
      sources: members.flatMap(({ sources }) => sources),
      ...(variant.enhanced && { enhance: members.flatMap(({ crops, enhance }) => crops.map(() => enhance)) }),
    };
    running.run(batch).then(
      (done) => {
        // One that was given up as hung may yet answer; its frames have gone elsewhere.
        if (this.#workers[worker] === running) this.#finished(worker, members, done);
      },
      (error: unknown) => this.#failed(worker, running, error),
    );
  }

  #finished(worker: number, members: readonly Frame[], { faces, duration }: GpuBatchDone): void {
    this.#scheduler.finished(worker, this.#options.clock.now(), duration);
    this.tally.batch(faces.length);
    let at = 0;
    for (const { name, crops, of } of members) {
      const spent = (duration * crops.length) / faces.length;
      this.tally.spent(of.tier, of.tenant, spent);
      const made = faces.slice(at, (at += crops.length));
      if (made.every((face) => face !== undefined)) this.#end(name, 'swapped', { faces: made, spent });
      else this.#end(name, 'failed', { spent });
    }
    this.#pump();
  }

  // A worker that cannot run a batch which it has run before is of no more use: the device is gone, or out of memory.
  #failed(worker: number, running: GpuRunner, error: unknown): void {
    if (this.#workers[worker] !== running) return;
    this.#options.log.error({ err: error, child: running.pid }, 'batch failed');
    this.leave(worker);
    running.kill(`fails a batch: ${error instanceof GatewayError ? error.code : 'internal'}`);
  }

  #end(name: number, end: FrameEnd, made: Omit<FrameOutcome, 'end'> = {}): void {
    const frame = this.#frames.get(name);
    if (frame === undefined) return;
    this.#frames.delete(name);
    this.tally.ended(end, this.#options.clock.now() <= frame.deadline);
    frame.settle({ end, ...made });
  }

  #leveled(number: number, level: LaneLevel): void {
    const lane = this.#lanes.get(number);
    if (lane === undefined || lane.level === level) return;
    lane.level = level;
    lane.onLevel(number, level);
  }
}

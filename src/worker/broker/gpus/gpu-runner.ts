import { GatewayError } from '../../../errors.ts';
import type { Logger } from '../../../log.ts';
import type { CropSource, SwappedPixels } from '../../../swap/neural/crop-lane.ts';
import type { Milli } from '../../../time.ts';
import type { Running } from '../../child/kept.ts';
import { GpuWorkerProcess, LOAD_LIMIT, type JobResult } from '../../gpu/gpu-worker-process.ts';
import type { GpuConfigure, GpuLoaded, GpuProfiles } from '../../wire/gpu-protocol.ts';
import { HangWatch, patience } from './patience.ts';

/** Sources that a worker is thought to have. It says itself which it lacks, so that forgetting them costs little. */
const MAXIMUM_KNOWN = 4096;

export interface GpuRunnerOptions {
  readonly settings: GpuConfigure;
  /** What other workers on its GPU have measured of a recipe. */
  readonly knownOf?: (recipe: string) => GpuProfiles | undefined;
  /** Beside the environment of this process: which GPU, which MPS daemon, which limits. */
  readonly env: Readonly<Record<string, string>>;
  /** Bytes: if more is resident, it is put down. */
  readonly residentLimit: number;
  /** It is ready for another recipe or batch size than before; not while it is started. */
  readonly onLoaded?: () => void;
  /** Exactly once, unless it was closed. */
  readonly onLost: (reason: string) => void;
  /** What MPS wants done before a client may be killed; bounded in time by itself. */
  readonly beforeKill?: (pid: number) => Promise<void>;
  readonly log: Logger;
}

/** A batch to run: crops of one recipe, and the source of each. */
export interface GpuBatch {
  readonly recipe: string;
  readonly crops: readonly Uint8Array[];
  readonly sources: readonly CropSource[];
  /** How much of the recipe's enhancer each crop takes, 0..1; left out: it is not run. */
  readonly enhance?: readonly number[];
}

/** A batch that was run. */
export interface GpuBatchDone {
  /** One of each crop, views into what the worker sent; undefined where the network made no picture. */
  readonly faces: readonly (SwappedPixels | undefined)[];
  /** How long the worker's thread was at it. */
  readonly duration: Milli;
}

/** Has batches run by one GPU worker, which it owns: brings it sources, and loses it when it hangs. */
export class GpuRunner implements Running {
  readonly #options: GpuRunnerOptions;
  readonly #worker: GpuWorkerProcess;
  readonly #watch = new HangWatch(() => this.#lose('hangs'));
  /** Recipes that are resident, with what batches of them take. */
  readonly #loaded = new Map<string, GpuLoaded>();
  readonly #known = new Set<string>();
  /** There was no memory to be warm for more. */
  #full = false;
  #over = false;

  /**
   * Starts a worker and has its recipes loaded, proved and profiled: for their largest batches, where each size takes as long again; the
   * others follow by `warm`.
   * @throws GatewayError as `GpuWorkerProcess.start` and `load`
   */
  static async start(options: GpuRunnerOptions): Promise<GpuRunner> {
    const tell = { lost: (_reason: string): void => undefined, resident: (_bytes: number): void => undefined };
    const worker = await GpuWorkerProcess.start({
      ...options,
      onLost: (reason) => tell.lost(reason),
      onResident: (bytes) => tell.resident(bytes),
    });
    const runner = new GpuRunner(worker, options);
    try {
      // One that is lost meanwhile does not answer.
      for (const { name } of options.settings.recipes) runner.#take(await worker.load(name, options.knownOf?.(name)));
    } catch (error) {
      await runner.#putDown();
      throw error;
    }
    tell.lost = (reason) => runner.#lose(reason);
    tell.resident = (bytes) => runner.#judge(bytes);
    return runner;
  }

  private constructor(worker: GpuWorkerProcess, options: GpuRunnerOptions) {
    this.#worker = worker;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#worker.pid;
  }

  /** What recipes were seen to take when they were loaded. */
  get loaded(): Iterable<GpuLoaded> {
    return this.#loaded.values();
  }

  /** Batch sizes, of all recipes, that it is not warm for: those are filled up to larger ones. */
  get missing(): number {
    if (this.#full) return 0;
    return [...this.#loaded.values()].reduce((sum, { missing }) => sum + missing.length, 0);
  }

  /** Whether there are batches that it fills up to more than twice their size for want of smaller ones. */
  get isCoarse(): boolean {
    if (this.#full) return false;
    return [...this.#loaded.values()].some(({ missing, table }) =>
      missing.some((size) => table.find(({ batch }) => batch > size)!.batch > 2 * size),
    );
  }

  /**
   * Makes it warm for one batch size more, which takes a second or two in which it answers nothing: it must not be given work meanwhile.
   * Never rejects; one that fails at it is lost.
   */
  async warm(): Promise<void> {
    const next = [...this.#loaded.values()].find(({ missing }) => missing.length > 0);
    if (next === undefined || this.#over) return;
    try {
      this.#take(await this.#worker.warm(next.recipe, this.#options.knownOf?.(next.recipe)));
    } catch (error) {
      this.#options.log.warn(
        { err: error, child: this.pid, recipe: next.recipe },
        'GPU worker is not warm for all batches',
      );
      // It goes on with the sizes that it has.
      if (error instanceof GatewayError && error.code === 'capacity_full') this.#full = true;
      else this.#lose('fails to load');
    }
  }

  /** Brings it sources before a batch needs them. */
  bring(sources: readonly CropSource[]): void {
    // What is sent stays in order, so that a job finds its sources there. If not, it says so.
    if (this.#known.size > MAXIMUM_KNOWN) this.#known.clear();
    for (const { hash, bytes } of sources) {
      if (this.#known.has(hash)) continue;
      this.#known.add(hash);
      this.#worker.addSource(hash, bytes).catch(() => this.#known.delete(hash));
    }
  }

  /** Measures a recipe once more. @throws GatewayError as `GpuWorkerProcess.profile` */
  profile(recipe: string): Promise<GpuLoaded> {
    return this.#worker.profile(recipe);
  }

  /** @throws GatewayError as `GpuWorkerProcess.swap` */
  async run(batch: GpuBatch): Promise<GpuBatchDone> {
    this.#watch.given(this.#patienceFor(batch));
    try {
      if (!this.#loaded.has(batch.recipe)) {
        this.#take(await this.#worker.load(batch.recipe, this.#options.knownOf?.(batch.recipe)));
        this.#options.onLoaded?.();
      }
      return this.#done(await this.#swap(batch), batch);
    } finally {
      this.#watch.answered();
    }
  }

  /** @param reason for the figures */
  kill(reason = 'killed'): void {
    this.#lose(reason);
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#watch.close();
    await this.#worker.close();
  }

  #judge(resident: number): void {
    const { residentLimit, log } = this.#options;
    if (resident <= residentLimit || this.#over) return;
    log.error({ child: this.pid, resident, residentLimit }, 'GPU worker holds too much memory and is ended');
    this.#lose('holds too much memory');
  }

  #lose(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.close();
    void this.#putDown();
    this.#options.onLost(reason);
  }

  async #putDown(): Promise<void> {
    const { pid, gone } = this.#worker;
    if (pid !== undefined && !gone) await this.#options.beforeKill?.(pid);
    this.#worker.kill();
  }

  #take(loaded: GpuLoaded): void {
    for (const gone of loaded.evicted) this.#loaded.delete(gone);
    this.#loaded.set(loaded.recipe, loaded);
    const { recipe, provider, elsewhere, preparation, table } = loaded;
    const batches = table.map(({ batch }) => batch);
    this.#options.log.info({ child: this.pid, recipe, provider, elsewhere, preparation, batches }, 'recipe loaded');
  }

  async #swap({ recipe, crops, sources, enhance }: GpuBatch): Promise<JobResult> {
    const job = { recipe, sources: sources.map(({ hash }) => hash), ...(enhance && { enhance: [...enhance] }) };
    this.bring(sources);
    const result = await this.#worker.swap(job, crops, { limit: LOAD_LIMIT });
    if (result.kind === 'done') return result;
    for (const hash of result.hashes) this.#known.delete(hash);
    this.bring(sources);
    return this.#worker.swap(job, crops, { limit: LOAD_LIMIT });
  }

  #done(result: JobResult, { crops, enhance }: GpuBatch): GpuBatchDone {
    const { payload } = result;
    const pixels = result.kind === 'done' ? result.size ** 2 : 0;
    const plainBytes = enhance === undefined ? 0 : crops[0]!.length;
    if (result.kind !== 'done' || payload.length !== crops.length * (4 * pixels + plainBytes)) {
      throw new GatewayError('internal', 'a GPU worker must answer with all that it made of the crops');
    }
    const masks = payload.subarray(crops.length * 3 * pixels);
    const plain = masks.subarray(crops.length * pixels);
    const faces = crops.map((_, index) => {
      if (result.broken.includes(index)) return undefined;
      const rgb = payload.subarray(index * 3 * pixels, (index + 1) * 3 * pixels);
      const mask = masks.subarray(index * pixels, (index + 1) * pixels);
      if (enhance === undefined) return { rgb, mask };
      return { rgb, mask, plain: plain.subarray(index * plainBytes, (index + 1) * plainBytes) };
    });
    const { filled, run, read, masked, enhanced } = result.durations;
    return { faces, duration: filled + run + read + masked + enhanced };
  }

  #patienceFor({ recipe, crops }: GpuBatch): Milli {
    // With all its networks, which is the longest.
    const table = this.#loaded.get(recipe)?.table;
    if (table === undefined) return LOAD_LIMIT;
    return patience((table.find(({ batch }) => batch >= crops.length) ?? table.at(-1)!).p99);
  }
}

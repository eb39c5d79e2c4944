import { GatewayError } from '../../../src/errors.ts';
import type { Logger } from '../../../src/log.ts';
import type { CropSource } from '../../../src/swap/neural/crop-lane.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import { GpuWorkerProcess } from '../../../src/worker/gpu/gpu-worker-process.ts';
import {
  JOBS_AT_A_TIME,
  type GpuLoaded,
  type GpuRecipe,
  type Provider,
} from '../../../src/worker/wire/gpu-protocol.ts';
import { embeddingSource, noiseCrop } from '../../support/swap-recipes.ts';

/** A worker that does not answer a job for so long is hung. */
const JOB_LIMIT: Milli = 10_000;

export interface DrivenOptions {
  readonly provider: Provider;
  readonly recipe: GpuRecipe;
  readonly batches: readonly number[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/** A real GPU worker with its recipe loaded, and somebody who keeps it busy over its socket. */
export class DrivenWorker {
  readonly process: GpuWorkerProcess;
  readonly loaded: GpuLoaded;
  readonly #recipe: GpuRecipe;
  readonly #source: CropSource;

  static async start({ provider, recipe, batches, env, log }: DrivenOptions): Promise<DrivenWorker> {
    const settings = { provider, recipes: [recipe], memoryLimit: 8e9, warmBatches: [...batches] };
    const process = await GpuWorkerProcess.start({ settings, env, log, onLost: () => undefined });
    try {
      const loaded = await process.loadWhole(recipe.name);
      const source = embeddingSource(1);
      await process.addSource(source.hash, source.bytes);
      return new DrivenWorker(process, { loaded, recipe, source });
    } catch (error) {
      process.kill();
      throw error;
    }
  }

  private constructor(
    process: GpuWorkerProcess,
    parts: { readonly loaded: GpuLoaded; readonly recipe: GpuRecipe; readonly source: CropSource },
  ) {
    this.process = process;
    this.loaded = parts.loaded;
    this.#recipe = parts.recipe;
    this.#source = parts.source;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Gives it jobs of `batch` crops, as many at a time as it takes, until it is stopped or fails. */
  drive(batch: number): Drive {
    const crops = Array.from({ length: batch }, (_, k) => noiseCrop(k, this.#recipe.size));
    return new Drive(() => this.swap(crops));
  }

  /** One job, its faces enhanced if the recipe can. */
  swap(crops: readonly Uint8Array[]): ReturnType<GpuWorkerProcess['swap']> {
    const { name, enhancer } = this.#recipe;
    const sources = crops.map(() => this.#source.hash);
    const job = { recipe: name, sources, ...(enhancer && { enhance: crops.map(() => 1) }) };
    return this.process.swap(job, crops, { limit: JOB_LIMIT });
  }
}

/** One job that was done. */
interface Done {
  readonly at: Milli;
  /** In the worker's thread. */
  readonly took: Milli;
  /** From sending it to its answer, waiting for the one before included. */
  readonly round: Milli;
}

/** A worker being kept busy. */
export class Drive {
  readonly done: Done[] = [];
  /** Code of what ended it. */
  failed: string | undefined;
  #stopped = false;
  readonly #loops: readonly Promise<void>[];

  constructor(swap: () => ReturnType<GpuWorkerProcess['swap']>) {
    this.#loops = Array.from({ length: JOBS_AT_A_TIME }, () => this.#loop(swap));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  /** Longest time without an answer between two instants. */
  longestGap(from: Milli, to: Milli): Milli {
    const marks = [from, ...this.done.map(({ at }) => at).filter((at) => at > from && at < to), to];
    return marks.slice(1).reduce((longest, at, k) => Math.max(longest, at - marks[k]!), 0);
  }

  async #loop(swap: () => ReturnType<GpuWorkerProcess['swap']>): Promise<void> {
    while (!this.#stopped && this.failed === undefined) {
      const sent = monotonic.now();
      try {
        const result = await swap();
        const at = monotonic.now();
        if (result.kind !== 'done') throw new GatewayError('internal', 'the worker must have its source');
        const { filled, run, read, masked, enhanced } = result.durations;
        this.done.push({ at, took: filled + run + read + masked + enhanced, round: at - sent });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        this.failed ??= `${error.code}: ${error.message}`;
      }
    }
  }
}

/** Lets time pass: what a bench measures goes on meanwhile. */
export function during(time: Milli): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

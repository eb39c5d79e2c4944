import { gpuRecipe, residentLimit, type GpuSettings } from '../../../config-gpu.ts';
import type { Logger } from '../../../log.ts';
import type { Clock } from '../../../time.ts';
import { Kept } from '../../child/kept.ts';
import type { BrokerFigures } from '../../wire/broker-control.ts';
import { gpuConfigureSchema, type GpuConfigure } from '../../wire/gpu-protocol.ts';
import { GpuRunner } from './gpu-runner.ts';
import { GpuSharing } from './gpu-sharing.ts';

const MIB = 1024 * 1024;

export interface GpuCardOptions {
  /** Index of the GPU. */
  readonly device: number;
  /** As nvidia-smi says it; `undefined` if it says nothing. */
  readonly uuid: string | undefined;
  readonly gpu: GpuSettings;
  /** One of its workers, by its place on this GPU, is ready or no longer. */
  readonly onChange: (place: number, running: GpuRunner | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One GPU, how it is shared, and the places of its workers. Owns them. */
export class GpuCard {
  readonly #options: GpuCardOptions;
  readonly #sharing: GpuSharing;
  readonly #places: readonly Kept<GpuRunner>[];

  constructor(options: GpuCardOptions) {
    this.#options = options;
    const { gpu, device, uuid, log } = options;
    this.#sharing = new GpuSharing({
      settings: gpu,
      device,
      uuid,
      // Its places start others; a server at fault takes clients again once all of it have ended.
      onFault: () => this.running.forEach((runner) => runner.kill()),
      log,
    });
    this.#places = Array.from({ length: options.gpu.workersPerGpu }, (_, place) => this.#place(place));
  }

  /** Those that are ready. */
  get running(): GpuRunner[] {
    return this.#places.flatMap(({ running }) => running ?? []);
  }

  /** Starts its first worker. @throws GatewayError as `GpuRunner.start`; nothing is tried again then */
  async start(): Promise<void> {
    await this.#places[0]!.start();
  }

  /** Starts the others; one that does not start is tried again. */
  async startOthers(): Promise<void> {
    await Promise.all(this.#places.slice(1).map((place) => place.startInTime()));
  }

  /** How it and its workers are. */
  get figures(): Omit<BrokerFigures['gpus'][number], 'card' | 'load'> {
    const workers = this.#places.map(({ state, running, replaced }) => ({
      state,
      pid: running?.pid ?? null,
      replaced,
    }));
    return { device: this.#options.device, workers, mps: this.#sharing.kind };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#places.map((place) => place.close()));
    await this.#sharing.close();
  }

  #place(place: number): Kept<GpuRunner> {
    const { gpu, clock, log, onChange } = this.#options;
    const options = { settings: this.#settings, residentLimit: residentLimit(gpu), log };
    return new Kept({
      what: 'GPU worker',
      start: (onLost) => this.#sharing.start((where) => GpuRunner.start({ ...where, ...options, onLost })),
      onChange: (running) => onChange(place, running),
      // The context of one that died must be gone from the GPU first; a GPU that is broken is not kept busy with starts.
      pause: { first: 100, longest: 30_000 },
      clock,
      log,
    });
  }

  get #settings(): GpuConfigure {
    const { provider, recipes, memoryMegabytes, threads } = this.#options.gpu;
    return gpuConfigureSchema.parse({
      provider,
      deviceId: 0,
      recipes: recipes.map(gpuRecipe),
      memoryLimit: memoryMegabytes * MIB,
      threads,
    });
  }
}

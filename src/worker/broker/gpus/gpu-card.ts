import { gpuRecipe, residentLimit, type GpuSettings } from '../../../config/gpu.ts';
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
  /** A seat of this GPU, of `workersPerGpu`, is taken by a worker that is ready, or empty. */
  readonly onChange: (seat: number, running: GpuRunner | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * One GPU, how it is shared, and its workers. There are more workers than seats: a spare one has everything loaded and takes the
 * seat of one that is lost at once, while another is loaded in its place. Owns them.
 */
export class GpuCard {
  readonly #options: GpuCardOptions;
  readonly #sharing: GpuSharing;
  readonly #places: readonly Kept<GpuRunner>[];
  /** Who sits where; those that are ready beside them are spare. */
  readonly #seats: (GpuRunner | undefined)[];

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
    this.#seats = Array.from({ length: gpu.workersPerGpu }, () => undefined);
    this.#places = Array.from({ length: gpu.workersPerGpu + sparesOf(gpu) }, () => this.#place());
  }

  /** Those that are ready. */
  get running(): GpuRunner[] {
    return this.#places.flatMap(({ running }) => running ?? []);
  }

  /** Those of them that are given work. */
  get seated(): GpuRunner[] {
    return this.#seats.flatMap((runner) => runner ?? []);
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

  #place(): Kept<GpuRunner> {
    const { gpu, clock, log } = this.#options;
    const options = { settings: this.#settings, residentLimit: residentLimit(gpu), log };
    return new Kept({
      what: 'GPU worker',
      start: (onLost) => this.#sharing.start((where) => GpuRunner.start({ ...where, ...options, onLost })),
      onChange: () => this.#seatAll(),
      // The context of one that died must be gone from the GPU first; a GPU that is broken is not kept busy with starts.
      pause: { first: 100, longest: 30_000 },
      clock,
      log,
    });
  }

  /** Empties the seats of those that are gone, and gives empty ones to those that are ready. */
  #seatAll(): void {
    const { onChange } = this.#options;
    const { running } = this;
    for (const [seat, runner] of this.#seats.entries()) {
      if (runner === undefined || running.includes(runner)) continue;
      this.#seats[seat] = undefined;
      onChange(seat, undefined);
    }
    for (const [seat, runner] of this.#seats.entries()) {
      const spare = running.find((one) => !this.#seats.includes(one));
      if (runner !== undefined || spare === undefined) continue;
      this.#seats[seat] = spare;
      onChange(seat, spare);
    }
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

/** On a processor a worker that only waits costs memory and saves little: another one is there soon. */
function sparesOf({ spareWorkers, provider }: GpuSettings): number {
  return spareWorkers ?? (provider === 'cpu' ? 0 : 1);
}

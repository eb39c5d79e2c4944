import { gpuRecipe, residentLimit, type GpuSettings } from '../../../config/gpu.ts';
import type { Logger } from '../../../log.ts';
import { USABLE_GPU } from '../../../schedule/gpu-admission.ts';
import type { Clock, Milli } from '../../../time.ts';
import { Kept } from '../../child/kept.ts';
import type { BrokerFigures } from '../../wire/broker-control.ts';
import { gpuConfigureSchema, type GpuConfigure, type GpuLoaded, type GpuProfiles } from '../../wire/gpu-protocol.ts';
import { GpuRunner } from './gpu-runner.ts';
import { GpuSharing } from './gpu-sharing.ts';
import { lostBy, type Xid } from './xid-watch.ts';

const MIB = 1024 * 1024;
/** How often is looked whether a worker that is not warm for all batches can be spared now. */
const RETRY_EVERY: Milli = 1_000;
/**
 * After a batch size was loaded beside lanes, the next one waits so long, unless without it batches are filled up to more than twice their
 * size: each one may cost lanes a frame.
 */
const LEISURE: Milli = 30_000;

export interface GpuCardOptions {
  /** Index of the GPU. */
  readonly device: number;
  /** As nvidia-smi says it; `undefined` if it says nothing. */
  readonly uuid: string | undefined;
  readonly gpu: GpuSettings;
  /** A worker, by its place, is ready, or ready for more batch sizes than before. */
  readonly onReady: (place: number, running: GpuRunner) => void;
  /** It is to be given work, or no more. */
  readonly onWork: (place: number, works: boolean) => void;
  /** It is gone. */
  readonly onGone: (place: number) => void;
  /** What lanes ask of this GPU, 1 being all that it can do. */
  readonly load: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * One GPU, how it is shared, and its workers, each in its place. `workersPerGpu` of them are given work; a spare one stands in for one that
 * is lost at once, while another is loaded in its place. A worker is ready with the largest batch of each recipe, and becomes warm for
 * the other sizes, one worker at a time, while others do its work: what it loads would hold batches up for seconds. Owns them.
 */
export class GpuCard {
  readonly #options: GpuCardOptions;
  readonly #sharing: GpuSharing;
  readonly #places: readonly Kept<GpuRunner>[];
  /** Places whose workers are given work. */
  readonly #working = new Set<number>();
  /** The place whose worker is loading beside, and until when the next one may wait. */
  #warming: number | undefined;
  #leisureUntil: Milli = -Infinity;
  /** What its workers have measured of each recipe. */
  readonly #profiles = new Map<string, GpuProfiles>();
  #retrying: NodeJS.Timeout | undefined;
  /** Those who wait until nothing is loaded any more. */
  #settled: (() => void)[] = [];

  constructor(options: GpuCardOptions) {
    this.#options = options;
    const { gpu, device, uuid, log } = options;
    this.#sharing = new GpuSharing({
      settings: gpu,
      device,
      uuid,
      // Its places start others; a server at fault takes clients again once all of it have ended.
      onFault: (health) => this.running.forEach((runner) => runner.kill(`MPS: ${health}`)),
      log,
    });
    this.#places = Array.from({ length: placesOn(gpu) }, (_, place) => this.#place(place));
  }

  /** Index of the GPU. */
  get device(): number {
    return this.#options.device;
  }

  /** Those that are ready. */
  get running(): GpuRunner[] {
    return this.#places.flatMap(({ running }) => running ?? []);
  }

  /** Those of them that are given work. */
  get working(): GpuRunner[] {
    return [...this.#working].flatMap((place) => this.#places[place]!.running ?? []);
  }

  /**
   * Starts its first worker, and has it warm for all batches unless frames wait for it.
   * @throws GatewayError as `GpuRunner.start`; nothing is tried again then
   */
  async start(): Promise<void> {
    await this.#places[0]!.start();
    await this.#whole();
  }

  /** Starts the others, likewise; one that does not start is tried again. */
  async startOthers(): Promise<void> {
    await Promise.all(this.#places.slice(1).map((place) => place.startInTime()));
    await this.#whole();
  }

  /** Its driver has told an error: ends at once whoever is lost with it, and starts others. */
  suffer(xid: Xid): void {
    const lost = lostBy(xid);
    for (const runner of this.running)
      if (lost === 'gpu' || (lost === 'client' && runner.pid === xid.pid)) runner.kill(`Xid ${xid.code}`);
  }

  /** How it and its workers are. */
  get figures(): Omit<BrokerFigures['gpus'][number], 'card' | 'load'> {
    const workers = this.#places.map(({ state, running, replaced, lost }, place) => ({
      ...{ state, replaced, lost, pid: running?.pid ?? null },
      ...{ works: this.#working.has(place), missing: running?.missing ?? 0 },
    }));
    return { device: this.#options.device, workers, mps: this.#sharing.kind };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    clearTimeout(this.#retrying);
    await Promise.all(this.#places.map((place) => place.close()));
    await this.#sharing.close();
  }

  #place(place: number): Kept<GpuRunner> {
    const { gpu, clock, log } = this.#options;
    const knownOf = (recipe: string): GpuProfiles | undefined => this.#profiles.get(recipe);
    const options = { settings: this.#settings, residentLimit: residentLimit(gpu), knownOf, log };
    return new Kept({
      what: 'GPU worker',
      start: (onLost) =>
        this.#sharing.start((where) =>
          GpuRunner.start({ ...where, ...options, onLost, onLoaded: () => this.#ready(place) }),
        ),
      onChange: (running) => (running === undefined ? this.#gone(place) : this.#ready(place)),
      // The context of one that died must be gone from the GPU first; a GPU that is broken is not kept busy with starts.
      pause: { first: 100, longest: 30_000 },
      clock,
      log,
    });
  }

  #ready(place: number): void {
    const { running } = this.#places[place]!;
    if (running !== undefined) {
      for (const loaded of running.loaded) this.#learn(loaded);
      this.#options.onReady(place, running);
    }
    this.#arrange();
  }

  #learn({ recipe, table, plainTable }: GpuLoaded): void {
    if (table.length <= (this.#profiles.get(recipe)?.table.length ?? 0)) return;
    this.#profiles.set(recipe, { table, ...(plainTable && { plainTable }) });
  }

  #gone(place: number): void {
    this.#working.delete(place);
    this.#options.onGone(place);
    this.#arrange();
  }

  /** Gives work to those who are warm for most batches, before others to those who have it. */
  #arrange(): void {
    const { gpu, onWork } = this.#options;
    const ready = this.#free.sort(
      (a, b) => a.missing - b.missing || Number(this.#working.has(b.place)) - Number(this.#working.has(a.place)),
    );
    const chosen = new Set(ready.slice(0, gpu.workersPerGpu).map(({ place }) => place));
    // First those who come: the GPU must not be without any, or its lanes leave.
    for (const place of chosen) if (!this.#working.has(place)) onWork(place, true);
    for (const place of this.#working) if (!chosen.has(place)) onWork(place, false);
    this.#working.clear();
    for (const place of chosen) this.#working.add(place);
    this.#warmNext();
  }

  /** Has the next worker become warm for one batch size more, if it can be spared. */
  #warmNext(): void {
    const { clock } = this.#options;
    clearTimeout(this.#retrying);
    if (this.#warming !== undefined) return;
    const cold = this.#free.filter(({ missing }) => missing > 0);
    const next = cold.find(({ place }) => !this.#working.has(place)) ?? cold[0];
    if (next === undefined || this.#hasTime(next.running) || !this.#canSpare(next.place)) {
      for (const settle of this.#settled.splice(0)) settle();
      if (next !== undefined) this.#retrying = setTimeout(() => this.#warmNext(), RETRY_EVERY);
      return;
    }
    this.#warming = next.place;
    this.#arrange();
    void next.running.warm().then(() => {
      this.#warming = undefined;
      this.#leisureUntil = clock.now() + LEISURE;
      this.#ready(next.place);
    });
  }

  /** Whether what it lacks can wait, since lanes have just been held up. */
  #hasTime({ isCoarse }: GpuRunner): boolean {
    const { load, clock } = this.#options;
    return !isCoarse && load() > 0 && clock.now() < this.#leisureUntil;
  }

  /** Whether the others do all work without this one: as many as ever, or enough for what lanes ask for. */
  #canSpare(place: number): boolean {
    const { gpu, load } = this.#options;
    const others = this.#free.filter((other) => other.place !== place).length;
    return others >= gpu.workersPerGpu || load() <= (USABLE_GPU * others) / gpu.workersPerGpu;
  }

  /** Workers that could be given work now. */
  get #free(): { readonly place: number; readonly running: GpuRunner; readonly missing: number }[] {
    return this.#places.flatMap(({ running }, place) =>
      running === undefined || place === this.#warming ? [] : { place, running, missing: running.missing },
    );
  }

  /** Settles when all that are ready are warm for all batches, or cannot be spared. */
  #whole(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled.push(resolve);
      this.#warmNext();
    });
  }

  get #settings(): GpuConfigure {
    const { provider, recipes, memoryMegabytes, threads, copies } = this.#options.gpu;
    return gpuConfigureSchema.parse({
      provider,
      deviceId: 0,
      recipes: recipes.map(gpuRecipe),
      memoryLimit: memoryMegabytes * MIB,
      threads,
      ...(copies !== null && { copies }),
    });
  }
}

/** Workers of a GPU, those too that only stand in. */
export function placesOn(gpu: GpuSettings): number {
  return gpu.workersPerGpu + sparesOf(gpu);
}

/** On a processor a worker that only waits costs memory and saves little: another one is there soon. */
function sparesOf({ spareWorkers, provider }: GpuSettings): number {
  return spareWorkers ?? (provider === 'cpu' ? 0 : 1);
}

import { GatewayError } from '../../errors.ts';
import type { Clock, Milli } from '../../time.ts';
import type { GpuConfigure, GpuFigures, GpuJob, GpuJobReply, GpuLoad, GpuLoaded } from '../wire/gpu-protocol.ts';
import type { ChainBatch, ChainFaces } from './chain/chain.ts';
import type { Engine } from './engine.ts';
import { loadedOf, Residents, type Resident } from './residents.ts';
import { SourceCache } from './source-cache.ts';

/** A batch to swap, in place. */
export interface DeskJob extends GpuJob {
  /** [n, size, size, 3] uint8, RGB. */
  readonly pixels: Uint8Array;
  /** When it came to the process. */
  readonly arrived: Milli;
}

/** What a desk answers of a job: with the new faces, their masks, and what enhanced ones were made of, each in a buffer of its own. */
export type DeskReply =
  | (Extract<GpuJobReply, { kind: 'done' }> & Pick<ChainFaces, 'pixels' | 'masks' | 'plain'>)
  | Extract<GpuJobReply, { kind: 'sources-missing' }>;

/** Does what a GPU worker is asked, one thing after the other, with any engine. Its thread owns it. */
export class GpuDesk {
  readonly #residents: Residents;
  readonly #sources: SourceCache;
  readonly #clock: Clock;
  #turn: Promise<unknown> = Promise.resolve();
  #jobs = 0;
  #crops = 0;
  #busy: Milli = 0;

  constructor(engine: Engine, options: GpuConfigure & { readonly clock: Clock }) {
    this.#residents = new Residents(engine, options);
    this.#sources = new SourceCache(options.sourceLimit);
    this.#clock = options.clock;
  }

  /** @throws GatewayError as `Residents.use` */
  load({ recipe, known }: GpuLoad): Promise<GpuLoaded> {
    return this.#inTurn(async () => loadedOf(await this.#residents.use(recipe, known)));
  }

  /** @throws GatewayError as `Residents.use` */
  warm({ recipe, known }: GpuLoad): Promise<GpuLoaded> {
    return this.#inTurn(async () => loadedOf(await this.#residents.warm(recipe, known)));
  }

  /** @throws GatewayError as `Residents.use` */
  profile(recipe: string): Promise<GpuLoaded> {
    return this.#inTurn(async () => loadedOf(await this.#residents.profile(recipe)));
  }

  /** @throws GatewayError message_invalid */
  addSource(hash: string, bytes: Uint8Array): void {
    this.#sources.add(hash, bytes);
  }

  /** @throws GatewayError message_invalid, and as `Residents.use` */
  swap(job: DeskJob): Promise<DeskReply> {
    return this.#inTurn(() => this.#swap(job));
  }

  get figures(): Omit<GpuFigures, 'residentBytes'> {
    return {
      recipes: [...this.#residents.figures],
      sources: { count: this.#sources.count, bytes: this.#sources.bytes },
      jobs: this.#jobs,
      crops: this.#crops,
      busy: this.#busy,
    };
  }

  /** After what is under way. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#residents.close());
  }

  async #swap({ recipe, sources, pixels, enhance, arrived }: DeskJob): Promise<DeskReply> {
    const begun = this.#clock.now();
    const { resident } = await this.#residents.use(recipe);
    const found = sources.map((hash) => this.#sources.get(hash));
    const hashes = [...new Set(sources.filter((_, crop) => found[crop] === undefined))];
    if (hashes.length > 0) return { kind: 'sources-missing', hashes };
    const work = {
      ...batchOf(resident, pixels, found as Uint8Array[]),
      enhance: amountsOf(resident, enhance, sources),
    };
    const { durations, broken, ...faces } = await resident.chain.run(work);
    this.#jobs++;
    this.#crops += work.crops;
    this.#busy += this.#clock.now() - begun;
    const times = { ...durations, staged: begun - arrived };
    return { kind: 'done', batch: work.filled, broken: [...broken], durations: times, ...faces };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** @throws GatewayError message_invalid */
function amountsOf(
  { recipe }: Resident,
  enhance: GpuJob['enhance'],
  sources: GpuJob['sources'],
): ChainBatch['enhance'] {
  if (enhance === undefined || (recipe.enhancer !== undefined && enhance.length === sources.length)) return enhance;
  throw new GatewayError(
    'message_invalid',
    'only crops of a recipe with an enhancer can be enhanced, each by its amount',
  );
}

function batchOf({ recipe, sizes }: Resident, pixels: Uint8Array, sources: readonly Uint8Array[]): ChainBatch {
  const crops = sources.length;
  const filled = sizes.find((size) => size >= crops);
  if (filled === undefined) {
    const message = `a job must have no more crops than its recipe takes [crops:${crops}] [most:${recipe.maximumBatch}]`;
    throw new GatewayError('message_invalid', message);
  }
  if (pixels.length !== crops * 3 * recipe.size ** 2) {
    throw new GatewayError('message_invalid', `a job must bring all pixels of its crops [bytes:${pixels.length}]`);
  }
  const { source } = recipe;
  const bytes = source.kind === 'embedding' ? 4 * source.length : 3 * source.size ** 2;
  const odd = sources.find(({ length }) => length !== bytes);
  if (odd !== undefined) {
    const message = `a source must have the bytes that the recipe takes [bytes:${odd.length}] [wanted:${bytes}]`;
    throw new GatewayError('message_invalid', message);
  }
  return { crops, filled, pixels, sources };
}

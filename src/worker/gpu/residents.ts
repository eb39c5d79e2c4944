import { GatewayError } from '../../errors.ts';
import type { Clock } from '../../time.ts';
import type { GpuConfigure, GpuLoaded, GpuProfiles, GpuRecipe, ProfileTable } from '../wire/gpu-protocol.ts';
import { Chain } from './chain/chain.ts';
import type { Engine } from './engine.ts';
import { AT_LOAD, profileChain, THOROUGH, warmedSizes, type ProfileOptions } from './profile.ts';

/** A recipe that is ready to run. */
export interface Resident {
  readonly recipe: GpuRecipe;
  readonly chain: Chain;
  /** Batch sizes that it is warm for, ascending; a batch is filled up to the next of them. */
  sizes: readonly number[];
  /** Those that it will be warm for beside them, in the order in which they are loaded. */
  missing: readonly number[];
  profiles: GpuProfiles;
  /** Bytes that it takes once it is warm for all. */
  readonly whole: number;
}

/** The recipes that an engine holds, under a limit of memory. Calls must not overlap. */
export class Residents {
  readonly #engine: Engine;
  readonly #settings: Pick<GpuConfigure, 'recipes' | 'memoryLimit' | 'warmBatches'>;
  readonly #clock: Clock;
  /** In order of use, the latest last. */
  readonly #held = new Map<string, Resident>();

  constructor(
    engine: Engine,
    options: Pick<GpuConfigure, 'recipes' | 'memoryLimit' | 'warmBatches'> & { readonly clock: Clock },
  ) {
    this.#engine = engine;
    this.#settings = options;
    this.#clock = options.clock;
  }

  get figures(): readonly { readonly name: string; readonly bytes: number }[] {
    return [...this.#held].map(([name, { chain }]) => ({ name, bytes: chain.bytes }));
  }

  /**
   * The recipe, which counts as used now; opened, warmed and measured if it is not there: where each batch size is loaded apart, for its
   * largest batch only, which carries any other.
   * @param known what need not be measured
   * @throws GatewayError recipe_unknown, model_unsupported, provider_unavailable, capacity_full, device_lost
   */
  async use(
    name: string,
    known?: GpuProfiles,
  ): Promise<{ readonly resident: Resident; readonly evicted: readonly string[] }> {
    const held = this.#held.get(name);
    if (held !== undefined) {
      this.#held.delete(name);
      this.#held.set(name, held);
      return { resident: held, evicted: [] };
    }
    const recipe = this.#settings.recipes.find((known) => known.name === name);
    if (recipe === undefined) {
      throw new GatewayError('recipe_unknown', `a recipe must be one that was configured [recipe:${name}]`);
    }
    const whole = await this.#engine.bytesOf(recipe);
    const evicted = await this.#makeRoom(whole);
    const chain = await Chain.open(recipe, this.#engine, this.#clock);
    const wanted = warmedSizes(recipe, this.#settings.warmBatches);
    const sizes = chain.apart ? wanted.slice(-1) : wanted;
    const missing = byUse(
      wanted.filter((size) => !sizes.includes(size)),
      recipe.maximumBatch,
    );
    try {
      const profiles = await this.#measure({ recipe, chain }, { sizes, effort: AT_LOAD, known });
      const resident = { recipe, chain, sizes, missing, profiles, whole };
      this.#held.set(name, resident);
      return { resident, evicted };
    } catch (error) {
      await chain.close();
      throw error;
    }
  }

  /**
   * Makes a recipe warm for the next batch size that is missing, and measures that.
   * @param known what need not be measured
   * @throws GatewayError as `use`
   */
  async warm(name: string, known?: GpuProfiles): ReturnType<Residents['use']> {
    const used = await this.use(name, known);
    const { resident } = used;
    const [size] = resident.missing;
    if (size === undefined) return used;
    const more = await this.#measure(resident, { sizes: [size], effort: AT_LOAD, known });
    resident.profiles = joined(resident.profiles, more);
    resident.sizes = [...resident.sizes, size].sort((a, b) => a - b);
    resident.missing = resident.missing.slice(1);
    return used;
  }

  /** Measures a recipe anew, thoroughly, in the sizes that it is warm for. @throws GatewayError as `use` */
  async profile(name: string): ReturnType<Residents['use']> {
    const used = await this.use(name);
    const { resident } = used;
    resident.profiles = await this.#measure(resident, { sizes: resident.sizes, effort: THOROUGH });
    return used;
  }

  async close(): Promise<void> {
    for (const { chain } of this.#held.values()) await chain.close();
    this.#held.clear();
  }

  #measure(
    { chain, recipe }: Pick<Resident, 'chain' | 'recipe'>,
    how: Pick<ProfileOptions, 'sizes' | 'effort' | 'known'>,
  ): Promise<GpuProfiles> {
    return profileChain(chain, { ...how, recipe, clock: this.#clock });
  }

  /** Closes the least used until `bytes` more fit, or nothing is left. */
  async #makeRoom(bytes: number): Promise<string[]> {
    const evicted: string[] = [];
    let taken = [...this.#held.values()].reduce((sum, { whole }) => sum + whole, 0);
    for (const [name, { chain, whole }] of this.#held) {
      if (taken + bytes <= this.#settings.memoryLimit) break;
      this.#held.delete(name);
      taken -= whole;
      await chain.close();
      evicted.push(name);
    }
    return evicted;
  }
}

/** Sizes that halve the largest first: with those no batch is filled up to more than twice its size. Then the smallest first. */
function byUse(sizes: readonly number[], largest: number): readonly number[] {
  const halves: number[] = [];
  for (let half = largest / 2; half >= 1; half /= 2) {
    const next = sizes.filter((size) => size >= half && !halves.includes(size));
    if (next.length > 0) halves.push(Math.min(...next));
  }
  return [...halves, ...sizes.filter((size) => !halves.includes(size))];
}

/** What `load`, `warm` and `profile` answer. */
export function loadedOf({ resident, evicted }: Awaited<ReturnType<Residents['use']>>): GpuLoaded {
  const { recipe, chain, profiles, missing } = resident;
  const { provider, elsewhere, preparation, bytes } = chain;
  const told = { provider, elsewhere, preparation, bytes, ...profiles };
  return { recipe: recipe.name, ...told, missing: [...missing], evicted: [...evicted] };
}

/** The tables of both, by rising batch. */
function joined(one: GpuProfiles, other: GpuProfiles): GpuProfiles {
  const both = (a: ProfileTable, b: ProfileTable): ProfileTable => [...a, ...b].sort((x, y) => x.batch - y.batch);
  const table = both(one.table, other.table);
  return one.plainTable && other.plainTable ? { table, plainTable: both(one.plainTable, other.plainTable) } : { table };
}

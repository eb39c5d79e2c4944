import { GatewayError } from '../../errors.ts';
import type { Clock } from '../../time.ts';
import type { GpuConfigure, GpuLoaded, GpuRecipe } from '../wire/gpu-protocol.ts';
import { Chain } from './chain/chain.ts';
import type { Engine } from './engine.ts';
import { AT_LOAD, profileChain, THOROUGH, warmedSizes, type ProfileEffort, type Profiles } from './profile.ts';

/** A recipe that is ready to run. */
export interface Resident {
  readonly recipe: GpuRecipe;
  readonly chain: Chain;
  /** Batch sizes that it is warm for, ascending. */
  readonly sizes: readonly number[];
  profiles: Profiles;
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
   * The recipe, which counts as used now; opened, warmed and measured if it is not there.
   * @throws GatewayError recipe_unknown, model_unsupported, provider_unavailable, capacity_full, device_lost
   */
  async use(name: string): Promise<{ readonly resident: Resident; readonly evicted: readonly string[] }> {
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
    const evicted = await this.#makeRoom(await this.#engine.bytesOf(recipe));
    const chain = await Chain.open(recipe, this.#engine, this.#clock);
    const sizes = warmedSizes(recipe, this.#settings.warmBatches);
    try {
      const profiles = await this.#measure({ recipe, chain, sizes }, AT_LOAD);
      const resident = { recipe, chain, sizes, profiles };
      this.#held.set(name, resident);
      return { resident, evicted };
    } catch (error) {
      await chain.close();
      throw error;
    }
  }

  /** Measures a recipe anew, thoroughly. @throws GatewayError as `use` */
  async profile(name: string): Promise<{ readonly resident: Resident; readonly evicted: readonly string[] }> {
    const used = await this.use(name);
    used.resident.profiles = await this.#measure(used.resident, THOROUGH);
    return used;
  }

  async close(): Promise<void> {
    for (const { chain } of this.#held.values()) await chain.close();
    this.#held.clear();
  }

  #measure({ chain, ...rest }: Omit<Resident, 'profiles'>, effort: ProfileEffort): Promise<Profiles> {
    return profileChain(chain, { ...rest, effort, clock: this.#clock });
  }

  /** Closes the least used until `bytes` more fit, or nothing is left. */
  async #makeRoom(bytes: number): Promise<string[]> {
    const evicted: string[] = [];
    let taken = [...this.#held.values()].reduce((sum, { chain }) => sum + chain.bytes, 0);
    for (const [name, { chain }] of this.#held) {
      if (taken + bytes <= this.#settings.memoryLimit) break;
      this.#held.delete(name);
      taken -= chain.bytes;
      await chain.close();
      evicted.push(name);
    }
    return evicted;
  }
}

/** What `load` answers. */
export function loadedOf({ resident, evicted }: Awaited<ReturnType<Residents['use']>>): GpuLoaded {
  const { recipe, chain, profiles } = resident;
  const { provider, elsewhere, preparation, bytes } = chain;
  return { recipe: recipe.name, provider, elsewhere, preparation, bytes, ...profiles, evicted: [...evicted] };
}

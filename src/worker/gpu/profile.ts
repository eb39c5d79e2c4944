import type { Clock } from '../../time.ts';
import type { GpuProfiles, GpuRecipe, ProfileTable } from '../wire/gpu-protocol.ts';
import type { Chain } from './chain/chain.ts';

/** Runs of each batch size before those that count: kernels are chosen and memory is taken in the first. */
const WARM_RUNS = 3;
/** Runs of a size that is known: others are at work meanwhile, and each run holds them up. */
const KNOWN_RUNS = 2;
/** At least so many runs count, on a network so slow that the time is up. */
const LEAST_RUNS = 3;

/** How long is measured. */
export interface ProfileEffort {
  /** Most runs of a batch size. */
  readonly runs: number;
  /** Milliseconds for a batch size. */
  readonly time: number;
}
/** Beside the loading: others wait for it. */
export const AT_LOAD: ProfileEffort = { runs: 20, time: 500 };
/** When it was asked for. */
export const THOROUGH: ProfileEffort = { runs: 200, time: 5_000 };

/** Batch sizes that are warmed for a recipe, ascending: those asked for that it can take, and its largest. */
export function warmedSizes({ maximumBatch }: GpuRecipe, warmBatches: readonly number[]): readonly number[] {
  const sizes = new Set([...warmBatches.filter((batch) => batch < maximumBatch), maximumBatch]);
  return [...sizes].sort((a, b) => a - b);
}

/** How a recipe is measured. */
export interface ProfileOptions {
  readonly recipe: GpuRecipe;
  readonly sizes: readonly number[];
  readonly effort: ProfileEffort;
  readonly clock: Clock;
  /** What was measured elsewhere: sizes in it are run until they are warm only. */
  readonly known?: GpuProfiles | undefined;
}

/** Runs every batch size until it is warm, then measures it. */
export async function profileChain(chain: Chain, options: ProfileOptions): Promise<GpuProfiles> {
  const { recipe, known } = options;
  if (recipe.enhancer === undefined) return { table: await measure(chain, options, { known: known?.table }) };
  const plainTable = await measure(chain, options, { known: known?.plainTable });
  return { table: await measure(chain, options, { known: known?.table, enhanced: true }), plainTable };
}

async function measure(
  chain: Chain,
  options: ProfileOptions,
  { known = [], enhanced = false }: { readonly known?: ProfileTable | undefined; readonly enhanced?: boolean },
): Promise<ProfileTable> {
  const { recipe, sizes, effort, clock } = options;
  const source = new Uint8Array(
    recipe.source.kind === 'embedding' ? 4 * recipe.source.length : 3 * recipe.source.size ** 2,
  );
  const table: ProfileTable = [];
  for (const batch of sizes) {
    const pixels = new Uint8Array(batch * 3 * recipe.size ** 2).fill(128);
    const enhance = enhanced ? Array<number>(batch).fill(1) : undefined;
    const work = { crops: batch, filled: batch, pixels, sources: Array<Uint8Array>(batch).fill(source), enhance };
    const before = known.find((size) => size.batch === batch);
    for (let run = 0; run < (before ? KNOWN_RUNS : WARM_RUNS); run++) await chain.run(work);
    if (before !== undefined) {
      table.push(before);
      continue;
    }
    const took: number[] = [];
    const begun = clock.now();
    while (took.length < effort.runs && (took.length < LEAST_RUNS || clock.now() - begun < effort.time)) {
      const start = clock.now();
      await chain.run(work);
      took.push(clock.now() - start);
    }
    took.sort((a, b) => a - b);
    table.push({ batch, p50: at(took, 0.5), p99: at(took, 0.99) });
  }
  return table;
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

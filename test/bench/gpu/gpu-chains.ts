import { besideOf, swapRecipe } from '../../support/swap-recipes.ts';
import type { GpuRecipe } from '../../../src/worker/wire/gpu-protocol.ts';
import type { NetworkName } from '../../gpu/networks/networks.ts';
import { round } from '../quantile.ts';
import { findPlace, openMps, say, Workforce, type GpuOrder, type GpuPlace } from './gpu-place.ts';
import { measure, type Point } from './gpu-tables.ts';

/** Batch sizes that are warmed and measured: crops. */
const BATCHES = [1, 4, 8];
const WORKERS = [1, 2];

/** A recipe, and how many crops make a face. */
interface Row {
  readonly name: string;
  readonly recipe: GpuRecipe;
  readonly cropsPerFace: number;
}

export interface RowFigures {
  readonly row: string;
  /** How the files of the recipe's networks were prepared. */
  readonly preparation: string;
  /** `batch` counts crops. */
  readonly points: readonly Point[];
  readonly bestFacesPerSecond: number;
}

/**
 * Faces a second of whole recipes: the swap alone, with pixel boost 2 (four crops a face), a network of 256 pixels, and a swap with two
 * masks, and with an enhancer besides. One and two workers behind MPS, each with one job running and one staged.
 * @param names of the rows that are measured; none: all
 */
export async function benchGpuChains(order: GpuOrder, names: readonly string[]): Promise<object> {
  const place = await findPlace(order);
  const all = rowsOf(place);
  const unknown = names.find((name) => all.every((row) => row.name !== name));
  if (unknown !== undefined)
    throw new TypeError(`--row must be one of ${all.map(({ name }) => name).join(', ')} [row:${unknown}]`);
  const mps = await openMps(place);
  const daemon = typeof mps === 'string' ? undefined : mps;
  if (typeof mps === 'string') say(`without MPS: ${mps}`);
  const rows: RowFigures[] = [];
  try {
    for (const row of all) {
      if (names.length > 0 && !names.includes(row.name)) continue;
      const workforce = new Workforce({ ...place, recipe: row.recipe }, { batches: BATCHES, daemon });
      try {
        rows.push(await measureRow(workforce, row, { order, place }));
      } finally {
        await workforce.close();
      }
    }
  } finally {
    await daemon?.close();
  }
  return {
    provider: place.provider,
    card: place.card?.name ?? place.reason,
    mps: typeof mps === 'string' ? mps : mps.attached ? 'attached' : 'started',
    rows,
  };
}

function rowsOf({ provider }: GpuPlace): readonly Row[] {
  const [small, large]: readonly [NetworkName, NetworkName] =
    provider === 'cpu' ? ['tiny', 'tiny-256'] : ['inswapper-float16', 'simswap-float16'];
  const { masks, enhancer } = besideOf(provider);
  const recipe = (network: NetworkName, changes: Parameters<typeof swapRecipe>[1] = {}): GpuRecipe =>
    swapRecipe(network, { maximumBatch: 8, ...changes });
  return [
    { name: 'swap', recipe: recipe(small), cropsPerFace: 1 },
    { name: 'boost-2', recipe: recipe(small), cropsPerFace: 4 },
    { name: 'swap-256', recipe: recipe(large), cropsPerFace: 1 },
    { name: 'masks', recipe: recipe(small, { masks }), cropsPerFace: 1 },
    { name: 'masks-enhancer', recipe: recipe(small, { masks, enhancer }), cropsPerFace: 1 },
  ];
}

async function measureRow(
  workforce: Workforce,
  { name, cropsPerFace }: Row,
  measuring: { readonly order: GpuOrder; readonly place: GpuPlace },
): Promise<RowFigures> {
  const points: Point[] = [];
  for (const workers of WORKERS) {
    await workforce.growTo(workers);
    for (const batch of BATCHES) {
      if (batch % cropsPerFace !== 0) continue;
      const mps = workforce.daemon !== undefined;
      const point = await measure(workforce.workers, { ...measuring, batch, mps });
      const facesPerSecond = round(point.facesPerSecond / cropsPerFace, 1);
      say(`${name}, ${workers} × ${batch} crops: ${facesPerSecond} faces/s, p99 ${point.p99} ms`);
      points.push({ ...point, facesPerSecond });
    }
  }
  return {
    row: name,
    preparation: workforce.workers[0]!.loaded.preparation,
    points,
    bestFacesPerSecond: Math.max(...points.map(({ facesPerSecond }) => facesPerSecond)),
  };
}

import { monotonic } from '../../../src/time.ts';
import { REWRITES, USUAL_REWRITES, type Rewrite } from '../../../src/onnx/prepare/rewrites.ts';
import { differenceOf, sampleBatch, type Difference } from '../../../src/worker/gpu/network/agreement.ts';
import { withoutMps } from '../../../src/worker/mps/mps-daemon.ts';
import type { GpuRecipe } from '../../../src/worker/wire/gpu-protocol.ts';
import type { NetworkName } from '../../gpu/networks/networks.ts';
import { quantile, round } from '../quantile.ts';
import { during, DrivenWorker } from './driven-worker.ts';
import { findPlace, say, type GpuOrder, type GpuPlace } from './gpu-place.ts';

/** Batch sizes that are measured. */
const BATCHES = [1, 4, 8] as const;
const MOST = 8;
/** Time at the start of a point that does not count. */
const SETTLE = 300;

/** Networks as published, for one face at a time. */
const ON_DEVICE: readonly NetworkName[] = ['inswapper-published-float16', 'inswapper-published-float32'];
const ON_PROCESSOR: readonly NetworkName[] = ['narrow-published-float32', 'narrow-published-float16'];

/** How a file is prepared. */
type Variant = readonly [name: string, prepare: readonly Rewrite[]];
const PLAIN: Variant = ['plain', []];
/** What a ratio is against: of the plain file only the batch is freed, so that it can be run in batches at all. */
const FREED: Variant = ['batch', ['batch']];
const PREPARED: Variant = ['prepared', USUAL_REWRITES];
/** For files in single precision. */
const HALF: Variant = ['half', REWRITES];
/** Each rewrite alone, with what it needs. */
const ALONE: readonly Variant[] = [
  ['norms', ['batch', 'norms']],
  ['styles', ['batch', 'norms', 'styles']],
  ['products', ['batch', 'products']],
  ['bytes', ['batch', 'bytes']],
];

export interface GraphsOrder extends GpuOrder {
  /** Whether each rewrite is measured alone as well. */
  readonly alone: boolean;
}

interface Measured {
  readonly batch: number;
  readonly facesPerSecond: number;
  /** Of a batch in its worker's thread, ms. */
  readonly p50: number;
  readonly p99: number;
}

interface VariantFigures {
  readonly variant: string;
  readonly preparation: string;
  readonly points: readonly Measured[];
  /** Against the plain file, in steps of 8 bits. */
  readonly difference: Difference;
}

/** One worker, with a file as it was published and prepared: faces a second, and how far the faces are from each other. */
export async function benchGpuGraphs(order: GraphsOrder): Promise<object> {
  const asked = await findPlace(order);
  const usual = asked.provider === 'cpu' ? ON_PROCESSOR : ON_DEVICE;
  const names = order.network === undefined ? usual : [asked.network];
  const networks: object[] = [];
  for (const network of names) networks.push(await benchNetwork(await findPlace({ ...order, network }), order));
  return { provider: asked.provider, card: asked.card?.name ?? asked.reason, networks };
}

async function benchNetwork(place: GpuPlace, order: GraphsOrder): Promise<object> {
  const halves = place.network.endsWith('float16');
  const variants = [PLAIN, FREED, ...(order.alone ? ALONE : []), PREPARED, ...(halves ? [] : [HALF])];
  const measured: VariantFigures[] = [];
  let expected: Uint8Array | undefined;
  for (const [variant, prepare] of variants) {
    const recipe = { ...place.recipe, maximumBatch: MOST, prepare: [...prepare] };
    const { pictures, ...figures } = await benchVariant(place, { recipe, seconds: order.seconds });
    expected ??= pictures;
    const { most, mean } = differenceOf(pictures, expected);
    const difference = { most, mean: round(mean, 3) };
    measured.push({ variant, ...figures, difference });
    const rates = figures.points.map(({ batch, facesPerSecond }) => `${batch}: ${facesPerSecond}/s`).join(', ');
    say(`${place.network} ${variant}: ${rates}; ${most}/255 off at most (${figures.preparation})`);
  }
  return { network: place.network, variants: measured, ratios: ratiosOf(measured) };
}

/** Faces a second of the prepared file against those of the plain one whose batch is free. */
function ratiosOf(measured: readonly VariantFigures[]): object {
  const of = (variant: string, batch: number): number =>
    measured.find((each) => each.variant === variant)!.points.find((point) => point.batch === batch)!.facesPerSecond;
  return Object.fromEntries(
    BATCHES.map((batch) => [`batch${batch}`, round(of(PREPARED[0], batch) / of(FREED[0], batch), 3)]),
  );
}

async function benchVariant(
  place: GpuPlace,
  { recipe, seconds }: { readonly recipe: GpuRecipe; readonly seconds: number },
): Promise<Omit<VariantFigures, 'variant' | 'difference'> & { readonly pictures: Uint8Array }> {
  const { provider, card, log } = place;
  const env = card === undefined ? {} : withoutMps(card.uuid);
  const worker = await DrivenWorker.start({ provider, recipe, batches: BATCHES, env, log });
  try {
    const pictures = await picturesOf(worker, recipe);
    const points: Measured[] = [];
    for (const batch of BATCHES) points.push(await measure(worker, batch, seconds));
    return { preparation: worker.loaded.preparation, points, pictures };
  } finally {
    await worker.process.close();
  }
}

/** What the worker makes of the same crops, a few at a time. */
async function picturesOf(worker: DrivenWorker, recipe: GpuRecipe): Promise<Uint8Array> {
  const { pixels, crops } = sampleBatch(recipe, MOST);
  const length = pixels.length / crops;
  const faces: Uint8Array[] = [];
  for (let from = 0; from < crops; from += 4) {
    const some = Array.from({ length: 4 }, (_, k) => pixels.subarray((from + k) * length, (from + k + 1) * length));
    faces.push((await worker.swap(some)).payload.subarray(0, 4 * length));
  }
  return Buffer.concat(faces);
}

async function measure(worker: DrivenWorker, batch: number, seconds: number): Promise<Measured> {
  const drive = worker.drive(batch);
  await during(SETTLE);
  const from = monotonic.now();
  await during(1000 * seconds);
  const to = monotonic.now();
  await drive.stop();
  if (drive.failed !== undefined) throw new Error(`a worker must not fail while it is measured: ${drive.failed}`);
  const done = drive.done.filter(({ at }) => at > from && at <= to);
  const took = done.map((job) => job.took);
  const facesPerSecond = round((1000 * batch * done.length) / (to - from), 1);
  return { batch, facesPerSecond, p50: round(quantile(took, 0.5)), p99: round(quantile(took, 0.99)) };
}

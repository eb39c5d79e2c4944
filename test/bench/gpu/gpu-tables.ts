import { monotonic } from '../../../src/time.ts';
import type { MpsDaemon } from '../../../src/worker/mps/mps-daemon.ts';
import { readGpuCards } from '../../../src/worker/mps/nvidia-smi.ts';
import type { ProfileTable } from '../../../src/worker/wire/gpu-protocol.ts';
import { quantile, round } from '../quantile.ts';
import { during, type DrivenWorker } from './driven-worker.ts';
import { findPlace, openMps, say, Workforce, type GpuOrder, type GpuPlace } from './gpu-place.ts';

/** Batch sizes by number of workers, as in the measured tables. */
type Points = Readonly<Record<number, readonly number[]>>;
const ALONE: Points = { 1: [1, 2, 3, 4, 6, 8, 16], 2: [1, 4], 4: [1, 4] };
const SHARED: Points = { 1: [1, 4, 8], 2: [1, 2, 4, 8], 3: [2, 4, 8], 4: [1, 2, 4], 6: [1, 2], 8: [1] };
/** Enough to see that it works: a processor has no table to be measured here. */
const ON_PROCESSOR: Points = { 1: [1, 4], 2: [1, 4] };
const BATCHES = [1, 2, 3, 4, 6, 8, 16];
/** Time at the start of a point that does not count. */
const SETTLE = 300;

export interface Point {
  readonly mps: boolean;
  readonly workers: number;
  readonly batch: number;
  readonly facesPerSecond: number;
  /** Of a batch in its worker's thread, ms. */
  readonly p50: number;
  readonly p99: number;
  /** From sending a job to its answer, with one staged ahead of it, ms. */
  readonly roundP50: number;
  readonly roundP99: number;
  /** What nvidia-smi says amid the point; null without it. */
  readonly gpu: {
    readonly utilisation: number | null;
    readonly temperature: number | null;
    readonly throttled: string;
  } | null;
}

/**
 * p(batch) of one worker, and what several do together, with MPS and without: real GPU worker processes over their real sockets,
 * each with one job running and one staged.
 */
export async function benchGpuTables(order: GpuOrder): Promise<object> {
  const place = await findPlace(order);
  const points: Point[] = [];
  const alone = new Workforce(place, { batches: BATCHES });
  let profile: ProfileTable;
  try {
    await alone.growTo(1);
    const { process, loaded } = alone.workers[0]!;
    say(`loaded: ${loaded.bytes} bytes, ran on ${loaded.provider}, ${loaded.elsewhere} small nodes elsewhere`);
    profile = (await process.profile(place.recipe.name)).table;
    await measureAll(alone, { place, order, points, plan: place.provider === 'cpu' ? ON_PROCESSOR : ALONE });
  } finally {
    await alone.close();
  }
  const mps = await openMps(place);
  if (typeof mps === 'string') say(`without MPS: ${mps}`);
  else await measureShared(mps, { place, order, points });
  const { provider, network, card, reason } = place;
  return {
    provider,
    network,
    card: card?.name ?? reason,
    mps: typeof mps === 'string' ? mps : mps.attached ? 'attached' : 'started',
    profile: profile.map(({ batch, p50, p99 }) => ({
      batch,
      p50: round(p50),
      p99: round(p99),
      facesPerSecond: round((1000 * batch) / p50, 1),
    })),
    points,
    best: points.reduce((best, point) => (point.facesPerSecond > best.facesPerSecond ? point : best)),
  };
}

interface Measuring {
  readonly place: GpuPlace;
  readonly order: GpuOrder;
  readonly points: Point[];
}

async function measureShared(daemon: MpsDaemon, measuring: Measuring): Promise<void> {
  const shared = new Workforce(measuring.place, { batches: BATCHES, daemon });
  try {
    await measureAll(shared, { ...measuring, plan: SHARED });
  } finally {
    await shared.close();
    await daemon.close();
  }
}

/** Workers are added from point to point: those that idle take nothing of the GPU. */
async function measureAll(
  workforce: Workforce,
  { order, points, plan, place }: Measuring & { readonly plan: Points },
): Promise<void> {
  for (const [count, batches] of Object.entries(plan)) {
    await workforce.growTo(Number(count));
    for (const batch of batches) {
      const point = await measure(workforce.workers, { batch, order, place, mps: workforce.daemon !== undefined });
      say(`${point.mps ? 'MPS' : 'no MPS'} ${count} × ${batch}: ${point.facesPerSecond} faces/s, p99 ${point.p99} ms`);
      points.push(point);
    }
  }
}

/** Keeps workers busy for a while and looks at what they do. */
export async function measure(
  workers: readonly DrivenWorker[],
  options: { readonly batch: number; readonly order: GpuOrder; readonly place: GpuPlace; readonly mps: boolean },
): Promise<Point> {
  const { batch, order, place, mps } = options;
  const drives = workers.map((worker) => worker.drive(batch));
  await during(SETTLE);
  const from = monotonic.now();
  await during(500 * order.seconds);
  const gpu = await gpuNow(place);
  await during(Math.max(0, 1000 * order.seconds - (monotonic.now() - from)));
  const to = monotonic.now();
  await Promise.all(drives.map((drive) => drive.stop()));
  const failed = drives.find((drive) => drive.failed !== undefined)?.failed;
  if (failed !== undefined) throw new Error(`a worker must not fail while it is measured: ${failed}`);
  const done = drives.flatMap((drive) => drive.done).filter(({ at }) => at > from && at <= to);
  const took = done.map((job) => job.took);
  const rounds = done.map((job) => job.round);
  return {
    mps,
    workers: workers.length,
    batch,
    facesPerSecond: round((1000 * batch * done.length) / (to - from), 1),
    p50: round(quantile(took, 0.5)),
    p99: round(quantile(took, 0.99)),
    roundP50: round(quantile(rounds, 0.5)),
    roundP99: round(quantile(rounds, 0.99)),
    gpu,
  };
}

async function gpuNow({ card }: GpuPlace): Promise<Point['gpu']> {
  if (card === undefined) return null;
  const now = (await readGpuCards()).cards.find(({ uuid }) => uuid === card.uuid);
  if (now === undefined) return null;
  return { utilisation: now.utilisation, temperature: now.temperature, throttled: now.throttled.join(', ') };
}

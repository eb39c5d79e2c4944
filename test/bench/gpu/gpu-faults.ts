import { assert } from '../../../src/errors.ts';
import { monotonic, type Milli } from '../../../src/time.ts';
import { round } from '../quantile.ts';
import { during, type Drive, type DrivenWorker } from './driven-worker.ts';
import { findPlace, openMps, say, Workforce, type GpuOrder } from './gpu-place.ts';

/** Workers that share the GPU, and crops in each of their jobs. */
const WORKERS = 3;
const BATCH = 4;
/** How long the others are watched after the blow. */
const WATCHED: Milli = 3_000;

/** What befell the first worker, and what the others saw. */
interface FaultFigures {
  readonly fault: string;
  /** What MPS said before, right after, and a while after; `none` without it. */
  readonly health: readonly string[];
  /** Of each other worker: its jobs a second before and after, the longest time without an answer, and what ended it. */
  readonly others: readonly {
    readonly jobsBefore: number;
    readonly jobsAfter: number;
    readonly longestGapMs: number;
    readonly failed: string | null;
  }[];
  /** From when the lost ones are seen to until all workers answer again. */
  readonly recoveredMs: number;
  readonly replaced: number;
}

/** Ways to lose a worker. */
const FAULTS: Readonly<Record<string, (victim: DrivenWorker, workforce: Workforce) => Promise<void>>> = {
  'stopped in order': async (victim, { daemon }) => {
    if (daemon !== undefined) say(`terminate_client: ${String(await daemon.terminate(victim.pid ?? 0))}`);
    victim.process.kill();
  },
  'SIGKILL amid work': (victim) => {
    process.kill(victim.pid ?? 0, 'SIGKILL');
    return Promise.resolve();
  },
};

/** And of losing what they share. */
const SHARED_FAULTS: typeof FAULTS = {
  'SIGKILL of the MPS server': async (_, { daemon }) => {
    const [server] = (await daemon?.servers()) ?? [];
    assert(server !== undefined, 'MPS has a server while it has clients');
    process.kill(server, 'SIGKILL');
  },
};

/** Ends workers and the MPS server under load, in several ways, and tells what the workers beside see. */
export async function benchGpuFaults(order: GpuOrder): Promise<object> {
  const place = await findPlace(order);
  const mps = await openMps(place);
  if (typeof mps === 'string') say(`without MPS: ${mps}`);
  const daemon = typeof mps === 'string' ? undefined : mps;
  const workforce = new Workforce(place, { batches: [1, BATCH], daemon });
  const faults: object[] = [];
  try {
    await workforce.growTo(place.provider === 'cpu' ? 2 : WORKERS);
    for (const [fault, strike] of Object.entries({ ...FAULTS, ...(daemon !== undefined && SHARED_FAULTS) })) {
      try {
        faults.push(await suffer(workforce, { fault, strike, seconds: order.seconds }));
      } catch (error) {
        // What one fault leaves behind must not hide what the others showed.
        faults.push({ fault, notMeasured: String(error) });
      }
      say(JSON.stringify(faults.at(-1)));
    }
  } finally {
    await workforce.close();
    await daemon?.close();
  }
  const { provider, network, card, reason } = place;
  return { provider, network, card: card?.name ?? reason, mps: daemon === undefined ? mps : 'used', faults };
}

async function suffer(
  workforce: Workforce,
  options: {
    readonly fault: string;
    readonly strike: (victim: DrivenWorker, workforce: Workforce) => Promise<void>;
    readonly seconds: number;
  },
): Promise<FaultFigures> {
  const health = async (): Promise<string> => (await workforce.daemon?.health()) ?? 'none';
  const drives = workforce.workers.map((worker) => worker.drive(BATCH));
  const begun = monotonic.now();
  await during(1000 * options.seconds);
  const healths = [await health()];
  const struck = monotonic.now();
  await options.strike(workforce.workers[0]!, workforce);
  healths.push(await health());
  await during(WATCHED);
  const watched = monotonic.now();
  healths.push(await health());
  const others = drives.slice(1).map((drive) => ({
    jobsBefore: rate(drive, begun, struck),
    jobsAfter: rate(drive, struck, watched),
    longestGapMs: round(drive.longestGap(struck, watched), 1),
    failed: drive.failed ?? null,
  }));
  await Promise.all(drives.map((drive) => drive.stop()));
  const lost = workforce.workers.filter((_, k) => k === 0 || drives[k]!.failed !== undefined);
  const recovering = monotonic.now();
  // A server in fault takes no client before all it had are gone.
  for (const { process } of lost) process.kill();
  await Promise.all(lost.map(({ process }) => process.exited(WATCHED)));
  for (const worker of lost) await workforce.replace(worker);
  await Promise.all(workforce.workers.map((worker) => answers(worker)));
  const recoveredMs = round(monotonic.now() - recovering, 0);
  return { fault: options.fault, health: healths, others, recoveredMs, replaced: lost.length };
}

function rate(drive: Drive, from: Milli, to: Milli): number {
  const jobs = drive.done.filter(({ at }) => at > from && at <= to).length;
  return round((1000 * jobs) / (to - from), 1);
}

/** Waits until a worker has answered once. @throws Error if it fails instead */
async function answers(worker: DrivenWorker): Promise<void> {
  const drive = worker.drive(BATCH);
  while (drive.done.length === 0 && drive.failed === undefined) await during(5);
  await drive.stop();
  if (drive.failed !== undefined) throw new Error(`a worker must answer again: ${drive.failed}`);
}

/**
 * Entry of a GPU worker: a child process that holds swap networks on a device. Its main thread speaks with the broker and stages,
 * a thread beside it runs. It holds nothing that matters, and ends when its broker is gone.
 */
import { Socket } from 'node:net';
import { GatewayError } from '../errors.ts';
import { createLog } from '../log.ts';
import { monotonic, type Milli } from '../time.ts';
import { GpuLane } from './gpu/gpu-lane.ts';
import { Channel, CHILD_WIRE_FD, GATEWAY_SILENCE, type Answer, type WireMessage } from './wire/channel.ts';
import {
  gpuConfigureSchema,
  gpuJobSchema,
  gpuLoadSchema,
  gpuRecipeOnlySchema,
  gpuSourceSchema,
  JOBS_AT_A_TIME,
  type GpuFigures,
  type GpuJob,
  type GpuReady,
  type GpuResident,
} from './wire/gpu-protocol.ts';

/** Time for the run that is under way when the broker is gone; a process that waits for a hung device longer would stay for ever. */
const END_LIMIT: Milli = 5_000;
const RESIDENT_EVERY: Milli = 1_000;

const log = createLog('gpu-worker');
let lane: GpuLane | undefined;
let jobs = 0;

// Who manages services signals the whole group; but a run must not be cut off, and the broker says when to end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const channel = new Channel(new Socket({ fd: CHILD_WIRE_FD }), {
  onRequest: answer,
  onNotice: () => undefined,
  onClose: (reason) => {
    log.info({ reason }, 'GPU worker ends');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), END_LIMIT);
    void end().then(() => process.exit(0));
  },
});

async function answer({ type, body, payload }: WireMessage): Promise<Answer> {
  try {
    switch (type) {
      case 'configure':
        return { body: configure(body) };
      case 'load':
      case 'warm':
        return { body: await laneNow().ask({ kind: type, ...gpuLoadSchema.parse(body) }) };
      case 'profile':
        return { body: await laneNow().ask({ kind: type, ...gpuRecipeOnlySchema.parse(body) }) };
      case 'source':
        await laneNow().ask({ kind: 'source', ...gpuSourceSchema.parse(body), bytes: payload });
        return {};
      case 'job':
        return await swap(gpuJobSchema.parse(body), payload);
      case 'figures':
        return { body: await figures() };
      case 'end':
        await end();
        return {};
      default:
        throw new GatewayError('message_invalid', `a GPU worker must know what it is asked [type:${type}]`);
    }
  } catch (error) {
    if (!(error instanceof GatewayError)) log.error({ err: error, request: type }, 'request failed');
    // The device is of no more use to this process: once the broker has heard why, another one takes its place.
    if (error instanceof GatewayError && error.code === 'device_lost') setImmediate(() => channel.close());
    throw error;
  }
}

function configure(body: unknown): GpuReady {
  if (lane !== undefined) throw new GatewayError('state_invalid', 'a GPU worker must be configured once');
  const settings = gpuConfigureSchema.parse(body);
  const onLost = (error: unknown): void => {
    log.fatal({ err: error }, 'the thread of a GPU worker ended');
    process.exit(1);
  };
  lane = new GpuLane(settings, { log, onLost });
  channel.startPinging({ silence: GATEWAY_SILENCE });
  setInterval(() => {
    const body: GpuResident = { bytes: process.memoryUsage.rss() };
    channel.notifyIfRoom({ type: 'resident', body });
  }, RESIDENT_EVERY);
  return { provider: settings.provider, pid: process.pid };
}

/** A payload has a buffer of its own, so it goes to the thread as it is. */
async function swap(job: GpuJob, pixels: Uint8Array): Promise<Answer> {
  if (jobs >= JOBS_AT_A_TIME) throw new GatewayError('capacity_full', 'a job must wait until one of two is done');
  jobs++;
  try {
    const work = { kind: 'job', ...job, pixels, arrived: monotonic.now() } as const;
    const reply = await laneNow().ask(work, [pixels.buffer as ArrayBuffer]);
    if (reply.kind === 'sources-missing') return { body: reply };
    const { pixels: swapped, masks, plain, ...body } = reply;
    return { body, payload: [swapped, masks, ...(plain ? [plain] : [])] };
  } finally {
    jobs--;
  }
}

async function figures(): Promise<GpuFigures> {
  return { residentBytes: process.memoryUsage.rss(), ...(await laneNow().ask({ kind: 'figures' })) };
}

async function end(): Promise<void> {
  await lane?.close();
}

function laneNow(): GpuLane {
  if (lane === undefined) throw new GatewayError('worker_lost', 'a GPU worker must be configured first');
  return lane;
}

/** Entry of a GPU worker's thread: the networks, and the runs, which block it. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../errors.ts';
import { monotonic } from '../time.ts';
import { GpuDesk, type DeskReply } from './gpu/gpu-desk.ts';
import type { ThreadAnswer, ThreadRequest } from './gpu/gpu-lane.ts';
import { OnnxEngine } from './gpu/onnx-engine.ts';
import { END } from './threads/end-thread.ts';
import { failureBody } from './wire/channel.ts';
import type { GpuConfigure } from './wire/gpu-protocol.ts';

const port = parentPort;
assert(port !== null, 'gpu-thread runs as a worker thread');

const settings = workerData as GpuConfigure;
const desk = new GpuDesk(new OnnxEngine({ ...settings, clock: monotonic }), { ...settings, clock: monotonic });

async function answer(request: ThreadRequest): Promise<void> {
  const { id } = request;
  try {
    const reply = await done(request);
    port?.postMessage({ id, ok: true, reply } satisfies ThreadAnswer, transferred(request, reply));
  } catch (error) {
    const { code, message } = failureBody(error);
    // A fault of ours keeps its details from other processes, but not from this one's log.
    const details = error instanceof Error ? error.stack : String(error);
    port?.postMessage({ id, ok: false, code, message, ...(code === 'internal' && { details }) } satisfies ThreadAnswer);
  }
}

async function done(request: ThreadRequest): Promise<unknown> {
  switch (request.kind) {
    case 'load':
      return desk.load(request);
    case 'warm':
      return desk.warm(request);
    case 'profile':
      return desk.profile(request.recipe);
    case 'source':
      return desk.addSource(request.hash, request.bytes);
    case 'job':
      return desk.swap(request);
    case 'figures':
      return desk.figures;
  }
}

/** Pixels and masks go without a copy. */
function transferred({ kind }: ThreadRequest, reply: unknown): ArrayBuffer[] {
  if (kind !== 'job') return [];
  const swapped = reply as DeskReply;
  if (swapped.kind !== 'done') return [];
  const { pixels, masks, plain } = swapped;
  return [pixels, masks, ...(plain ? [plain] : [])].map(({ buffer }) => buffer as ArrayBuffer);
}

port.on('message', (message: ThreadRequest | typeof END) => {
  if (message === END) void desk.close().then(() => port.close());
  else void answer(message);
});

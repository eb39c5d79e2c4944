import { loadConfig } from '../config/load.ts';
import { GatewayError } from '../errors.ts';
import { USABLE_GPU } from '../schedule/gpu-admission.ts';
import type { Terminal } from './terminal.ts';

const HOURS_OF_A_MONTH = 730;

/** `guise cost`, as it was asked for. */
export interface CostCommand {
  /** Of one GPU, or of a machine with it, for an hour; left out: `gpu.hourlyPrice` of the configuration. */
  readonly price?: number;
  /** Streams that one GPU was seen to carry. */
  readonly streamsPerGpu?: number;
  /** Faces a second that one GPU was measured to swap. */
  readonly facesPerSecond?: number;
  /** Running gateway to ask for its measured faces a second. */
  readonly gateway?: string;
  /** Of its recipes. */
  readonly recipe?: string;
  /** Frames a second of a stream, and faces in each. */
  readonly frameRate: number;
  readonly faces: number;
  /** Share of the places that are taken on average, above 0 to 1. */
  readonly taken: number;
  readonly json?: true;
}

/** What a stream costs. */
export interface StreamCost {
  /** Streams that one GPU carries. */
  readonly streamsPerGpu: number;
  /** In the currency of the price. */
  readonly perStreamHour: number;
  readonly perStreamMonth: number;
}

/** What a stream costs on a GPU of this price. Pure. */
export function streamCost(price: number, streamsPerGpu: number, taken = 1): StreamCost {
  const perStreamHour = price / (streamsPerGpu * taken);
  return { streamsPerGpu, perStreamHour, perStreamMonth: perStreamHour * HOURS_OF_A_MONTH };
}

/** Streams that a GPU carries which swaps so many faces a second. Pure. */
export function streamsOf(
  facesPerSecond: number,
  {
    frameRate,
    faces,
    load = USABLE_GPU,
  }: { readonly frameRate: number; readonly faces: number; readonly load?: number },
): number {
  return Math.floor((facesPerSecond * load) / (frameRate * faces));
}

/** Prints what a stream costs. @throws GatewayError config_invalid, not_found */
export async function printCost(command: CostCommand, terminal: Terminal): Promise<void> {
  const price = command.price ?? loadConfig({ env: process.env }).gpu?.hourlyPrice ?? undefined;
  if (price === undefined) {
    throw new GatewayError('config_invalid', 'a price must be given: --price, or gpu.hourlyPrice of the configuration');
  }
  const streams = await streamsPerGpu(command);
  if (streams < 1) throw new GatewayError('config_invalid', 'a GPU must carry at least one stream of this kind');
  const cost = streamCost(price, streams, command.taken);
  if (command.json) {
    terminal.out.write(`${JSON.stringify(cost)}\n`);
    return;
  }
  terminal.out.write(
    `${streams} streams on a GPU at ${price} an hour, ${Math.round(command.taken * 100)} % of them taken:\n` +
      `  ${rounded(cost.perStreamHour)} a stream and hour, ${rounded(cost.perStreamMonth)} a stream and month of ${HOURS_OF_A_MONTH} hours\n` +
      (command.streamsPerGpu === undefined
        ? '  (the GPU alone: whether the processor carries as many streams is not in this figure)\n'
        : ''),
  );
}

async function streamsPerGpu(command: CostCommand): Promise<number> {
  if (command.streamsPerGpu !== undefined) return command.streamsPerGpu;
  if (command.facesPerSecond !== undefined) return streamsOf(command.facesPerSecond, command);
  if (command.gateway === undefined) {
    throw new GatewayError('config_invalid', 'one of --streams-per-gpu, --faces-per-second, --gateway must be given');
  }
  const response = await fetch(new URL('/metrics', command.gateway));
  if (!response.ok)
    throw new GatewayError('not_found', `the gateway must tell its metrics [status:${response.status}]`);
  return streamsOf(measuredIn(await response.text(), command.recipe), command);
}

/** Faces a second of one GPU, out of a gateway's metrics. @throws GatewayError not_found */
export function measuredIn(metrics: string, recipe?: string): number {
  const faces = [...metrics.matchAll(/^guise_gpu_faces_per_second\{recipe="([^"]*)"\} (\S+)$/gm)];
  const gpus = new Set([...metrics.matchAll(/^guise_gpu_workers\{gpu="(\d+)"/gm)].map(([, gpu]) => gpu)).size;
  const measured = faces.find(([, name]) => recipe === undefined || name === recipe);
  if (measured === undefined || gpus === 0) {
    throw new GatewayError('not_found', 'the gateway must have GPUs and have measured this recipe');
  }
  return Number(measured[2]) / gpus;
}

function rounded(amount: number): string {
  return amount >= 1 ? amount.toFixed(2) : amount.toPrecision(3);
}

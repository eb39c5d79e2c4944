import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { GatewayError } from '../../../src/errors.ts';
import { guisePolicy } from './policies/guise-policy.ts';
import { simulate } from './simulate.ts';
import type { Job } from './trace.ts';

/** Frames of one stream that may wait at a time: a trace wants each of them, where a session wants its newest. */
const DEPTH = 4;
/** Most crops in a batch, as in a GPU worker's jobs. */
const MOST = 1024;

const traceFileSchema = z.object({
  /** What a batch of b takes, ms, at index b − 1. */
  batchMs: z.array(z.number().positive()).min(1).max(MOST),
  jobs: z.array(z.object({ stream: z.union([z.number(), z.string()]), release: z.number(), deadline: z.number() })),
});

/** What was done when: jobs by their index in the file. */
export interface TraceResult {
  readonly batches: readonly { readonly start: number; readonly jobs: readonly number[] }[];
}

/**
 * Schedules the trace in a file on one GPU, online: what is decided at a time depends on jobs released by then.
 * @throws GatewayError file_unreadable, config_invalid
 */
export function runTrace(path: string): TraceResult {
  const { batchMs, jobs } = readTrace(path);
  const streams = new Map<number | string, number>();
  // By release, whatever their order in the file; `order` leads back.
  const order = jobs.map((_, index) => index).sort((a, b) => jobs[a]!.release - jobs[b]!.release || a - b);
  const sorted: Job[] = order.map((index) => {
    const { stream, release, deadline } = jobs[index]!;
    if (!streams.has(stream)) streams.set(stream, streams.size);
    return { stream: streams.get(stream)!, release, deadline };
  });
  const policy = guisePolicy({ jobs: sorted }, { times: batchMs, depth: DEPTH });
  const batches = simulate(sorted, policy, { times: batchMs });
  return { batches: batches.map(({ start, jobs: members }) => ({ start, jobs: members.map((job) => order[job]!) })) };
}

function readTrace(path: string): z.infer<typeof traceFileSchema> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('file_unreadable', `the trace must be a readable file [path:${path}]`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('config_invalid', `the trace must be JSON [path:${path}]`, { cause });
  }
  const parsed = traceFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0]!;
  throw new GatewayError('config_invalid', `the trace must be {batchMs, jobs} [at:${at.join('.')}] [why:${message}]`);
}

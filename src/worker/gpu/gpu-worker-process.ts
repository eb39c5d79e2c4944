import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { z } from 'zod';
import { entryFile } from '../../entry.ts';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Milli } from '../../time.ts';
import { Channel, CHILD_WIRE_FD, CHILD_SILENCE, type ChannelEnd } from '../wire/channel.ts';
import {
  gpuFiguresSchema,
  gpuJobReplySchema,
  gpuLoadedSchema,
  gpuReadySchema,
  gpuResidentSchema,
  type GpuFigures,
  type GpuJob,
  type GpuJobReply,
  type GpuLoaded,
  type GpuProfiles,
  type gpuConfigureSchema,
} from '../wire/gpu-protocol.ts';

/** Starting a process; nothing is loaded yet. */
const START_LIMIT: Milli = 30_000;
/** Loading takes a second or two, and each batch size is run some times. */
export const LOAD_LIMIT: Milli = 120_000;
const ASK_LIMIT: Milli = 10_000;
/** For the run that is under way. */
const CLOSE_LIMIT: Milli = 5_000;
/** Threads of libuv's pool: files at start only. */
const POOL_THREADS = '2';

export interface GpuWorkerProcessOptions {
  readonly settings: z.input<typeof gpuConfigureSchema>;
  /** Beside this process's own: which GPU, and how it is shared (src/worker/mps/). */
  readonly env?: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** Each second: its resident memory. */
  readonly onResident?: (bytes: number) => void;
  /** Exactly once; not after `close()` or `kill()`. */
  readonly onLost: (reason: ChannelEnd) => void;
}

/** What a job gave: the protocol's answer, and the crops and masks as they lie in the payload. */
export type JobResult = GpuJobReply & { readonly payload: Uint8Array };

/** One GPU worker, seen from its broker: a child process with a channel. */
export class GpuWorkerProcess {
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  #state: 'starting' | 'open' | 'lost' | 'closed' = 'starting';

  /**
   * Starts a child. No network is loaded yet.
   * @throws GatewayError worker_lost, timed_out
   */
  static async start(options: GpuWorkerProcessOptions): Promise<GpuWorkerProcess> {
    const worker = new GpuWorkerProcess(options);
    try {
      const configure = { type: 'configure', body: options.settings };
      const { body } = await worker.#channel.request(configure, { timeout: START_LIMIT });
      gpuReadySchema.parse(body);
    } catch (error) {
      worker.kill();
      throw error;
    }
    worker.#state = 'open';
    worker.#channel.startPinging({ silence: CHILD_SILENCE });
    return worker;
  }

  private constructor({ env, log, onResident, onLost }: GpuWorkerProcessOptions) {
    this.#child = spawn(process.execPath, [entryFile('worker/gpu-worker')], {
      stdio: ['ignore', 2, 2, 'pipe'],
      env: { ...process.env, UV_THREADPOOL_SIZE: POOL_THREADS, ...env },
    });
    this.#channel = new Channel(this.#child.stdio[CHILD_WIRE_FD] as Duplex, {
      onRequest: () => Promise.reject(new GatewayError('message_invalid', 'a GPU worker must not ask')),
      onNotice: ({ type, body }) => {
        const resident = gpuResidentSchema.safeParse(body);
        if (type === 'resident' && resident.success) onResident?.(resident.data.bytes);
      },
      onClose: (reason) => {
        if (this.#state !== 'open') return;
        this.#state = 'lost';
        log.error({ child: this.pid, reason }, 'GPU worker is lost');
        onLost(reason);
      },
    });
    this.#child.on('exit', () => this.#channel.close());
    this.#child.on('error', () => this.#channel.close());
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether the child has ended. */
  get gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Of a child that ended by itself. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /**
   * @param known what other workers on its GPU have measured
   * @throws GatewayError recipe_unknown, model_unsupported, provider_unavailable, capacity_full, device_lost, worker_lost, timed_out
   */
  async load(recipe: string, known?: GpuProfiles): Promise<GpuLoaded> {
    const { body } = await this.#channel.request({ type: 'load', body: { recipe, known } }, { timeout: LOAD_LIMIT });
    return gpuLoadedSchema.parse(body);
  }

  /** Makes it warm for one batch size more. @param known as in `load`. @throws GatewayError as `load` */
  async warm(recipe: string, known?: GpuProfiles): Promise<GpuLoaded> {
    const { body } = await this.#channel.request({ type: 'warm', body: { recipe, known } }, { timeout: LOAD_LIMIT });
    return gpuLoadedSchema.parse(body);
  }

  /** Loads it for all batch sizes. @throws GatewayError as `load` */
  async loadWhole(recipe: string): Promise<GpuLoaded> {
    let loaded = await this.load(recipe);
    while (loaded.missing.length > 0) loaded = await this.warm(recipe);
    return loaded;
  }

  /** Measures once more, thoroughly. @throws GatewayError as `load` */
  async profile(recipe: string): Promise<GpuLoaded> {
    const { body } = await this.#channel.request({ type: 'profile', body: { recipe } }, { timeout: LOAD_LIMIT });
    return gpuLoadedSchema.parse(body);
  }

  /** @throws GatewayError message_invalid, worker_lost, timed_out */
  async addSource(hash: string, bytes: Uint8Array): Promise<void> {
    await this.#channel.request({ type: 'source', body: { hash }, payload: [bytes] }, { timeout: ASK_LIMIT });
  }

  /**
   * Has a batch swapped. `crops` must stay as they are until it is answered.
   * @param limit after which the worker counts as hung, for the caller to say
   * @throws GatewayError capacity_full, message_invalid, device_lost, worker_lost, timed_out, and as `load`
   */
  async swap(job: GpuJob, crops: readonly Uint8Array[], { limit }: { readonly limit: Milli }): Promise<JobResult> {
    const { body, payload } = await this.#channel.request(
      { type: 'job', body: job, payload: crops },
      { timeout: limit },
    );
    return { ...gpuJobReplySchema.parse(body), payload };
  }

  /** @throws GatewayError worker_lost, timed_out */
  async figures(): Promise<GpuFigures> {
    const { body } = await this.#channel.request({ type: 'figures' }, { timeout: ASK_LIMIT });
    return gpuFiguresSchema.parse(body);
  }

  /** Idempotent. The run under way is finished; a child that takes longer is killed. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closed';
      await this.#channel.request({ type: 'end' }, { timeout: CLOSE_LIMIT }).catch(() => undefined); // killed below
      this.#channel.close();
    }
    await this.exited(CLOSE_LIMIT);
  }

  /**
   * Idempotent. Ends it at once, whatever it does. Under MPS the server is told first (`MpsDaemon.terminateClient`): what it
   * does for a client that is cut off amid work is not defined.
   */
  kill(): void {
    this.abandon();
    this.#child.kill('SIGKILL');
  }

  /** Lets go of it: it ends by itself once it has finished its run. */
  abandon(): void {
    if (this.#state !== 'lost') this.#state = 'closed';
    this.#channel.close();
  }

  /** Settles when the child has ended; one that takes longer than `limit` is killed. */
  async exited(limit: Milli): Promise<void> {
    if (this.gone || this.pid === undefined) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limit);
    try {
      await once(this.#child, 'exit');
    } finally {
      clearTimeout(timer);
    }
  }
}

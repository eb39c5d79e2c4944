import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { entryFile } from '../../entry.ts';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Milli } from '../../time.ts';
import {
  Channel,
  CHILD_WIRE_FD,
  CHILD_SILENCE,
  type ChannelEnd,
  type OutgoingMessage,
  type WireMessage,
  type WireReply,
} from '../wire/channel.ts';
import { FEED_NOTICES } from '../wire/feed-protocol.ts';
import {
  configuredSchema,
  workerNoticeSchema,
  type Configured,
  type FrameCost,
  type MediaWorkerSettings,
  type WorkerResources,
} from '../wire/protocol.ts';
import type { Load } from './admission/place.ts';
import type { NetworkNeed } from './admission/gpu-room.ts';
import { RemoteSession, type SessionEvents } from './remote-session.ts';
import { CpuShare, type SessionCost } from './admission/session-cost.ts';

/** Models are unpacked and converted in here at the very first start; later it takes about a second. */
export const START_LIMIT: Milli = 90_000;
/** Time for peers to be told at an orderly end. */
const CLOSE_LIMIT: Milli = 2_000;
/** Threads of libuv's pool for files, at start; there encodes, where the cores suffice, one picture of each pixel thread besides. */
const POOL_THREADS = 2;

/** Where a media worker is in its life. `lost`: it died, hung or spoke garbage. */
export type WorkerState = 'starting' | 'open' | 'closing' | 'lost' | 'closed';

export interface WorkerProcessOptions {
  readonly settings: MediaWorkerSettings;
  readonly log: Logger;
  /** Exactly once, after every session on it was told; not after `close()`. */
  readonly onLost: (reason: ChannelEnd) => void;
  /** A session or viewer is no longer here. */
  readonly onLeft: (id: string, kind: 'session' | 'viewer') => void;
  /** A notice about the way to viewers in other workers. @returns false if it is garbage */
  readonly onFeed: (from: WorkerProcess, message: WireMessage) => boolean;
  /** Each second. */
  readonly onResources: (resources: WorkerResources) => void;
}

/** One media worker, seen from the gateway: a child process with a channel. Its supervisor owns it. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #options: WorkerProcessOptions;
  readonly #sessions = new Map<string, RemoteSession>();
  #state: WorkerState = 'starting';
  /** Set while it waits for its last session to leave. */
  #onEmpty: (() => void) | undefined;
  #configured: Configured | undefined;
  readonly #share = new CpuShare();

  /**
   * Starts a child and waits until it takes calls.
   * @throws GatewayError worker_lost if it dies first, timed_out if it is not ready in START_LIMIT
   */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const worker = new WorkerProcess(options);
    try {
      const configure = { type: 'configure', body: options.settings };
      const { body } = await worker.#channel.request(configure, { timeout: START_LIMIT });
      worker.#configured = configuredSchema.parse(body);
    } catch (error) {
      worker.#state = 'closed';
      worker.kill();
      throw error;
    }
    worker.#state = 'open';
    worker.#channel.startPinging({ silence: CHILD_SILENCE });
    return worker;
  }

  private constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#child = spawn(process.execPath, [entryFile('worker/media-worker')], {
      stdio: ['ignore', 2, 2, 'pipe'],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(POOL_THREADS + options.settings.pixelThreads) },
    });
    this.#channel = new Channel(this.#child.stdio[CHILD_WIRE_FD] as Duplex, {
      onRequest: () => Promise.reject(new GatewayError('message_invalid', 'a media worker must not ask')),
      onNotice: (message) => this.#take(message),
      onClose: (reason) => this.#channelEnded(reason),
    });
    this.#child.on('exit', (code, signal) => {
      if (this.#state !== 'closing')
        options.log.error({ child: this.pid, code, signal }, 'media worker ended by itself');
      this.#channel.close();
    });
    this.#child.on('error', () => this.#channel.close());
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Process id, for logs and tests. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ids of the painted masks that it knows. */
  get masks(): readonly string[] {
    return this.#configured?.masks ?? [];
  }

  /** What a frame costs in it, as it measured when it started. */
  get frameCost(): FrameCost | undefined {
    return this.#configured?.frameCost;
  }

  /** Without viewers. */
  get sessions(): number {
    let count = 0;
    for (const { cost } of this.#sessions.values()) if (cost !== undefined) count++;
    return count;
  }

  get viewers(): number {
    return this.#sessions.size - this.sessions;
  }

  /** Whether this session or viewer lives here. */
  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** What its sessions ask of swap networks. */
  get networks(): NetworkNeed[] {
    return [...this.#sessions.values()].flatMap(({ cost }) => cost?.networks ?? []);
  }

  get load(): Load {
    let cores = 0;
    for (const session of this.#sessions.values()) cores += session.cost?.cores ?? 0;
    return { threads: this.#options.settings.pixelThreads, cores };
  }

  /** A session in this worker, not yet open there. It counts as load at once. */
  addSession(
    id: string,
    wiring: { readonly cost: SessionCost | undefined; readonly events: SessionEvents },
  ): RemoteSession {
    const forget = (): void => {
      this.#sessions.delete(id);
      this.#options.onLeft(id, wiring.cost === undefined ? 'viewer' : 'session');
      if (this.#sessions.size === 0) this.#onEmpty?.();
    };
    const session = new RemoteSession(id, { ...wiring, channel: this.#channel, share: this.#share, forget });
    this.#sessions.set(id, session);
    return session;
  }

  /** Asks the worker something that belongs to no session. */
  request(message: OutgoingMessage, options: { readonly timeout: Milli }): Promise<WireReply> {
    return this.#channel.request(message, options);
  }

  /** Tells the worker something that is not of a session here. */
  notify(message: OutgoingMessage): void {
    this.#channel.notify(message);
  }

  /** The same, if there is credit. */
  notifyIfRoom(message: OutgoingMessage): boolean {
    return this.#channel.notifyIfRoom(message);
  }

  /** Ends it at once. */
  kill(): void {
    this.#channel.close();
    this.#child.kill('SIGKILL');
  }

  /**
   * For one that takes no new sessions any more: ends it when its last session has left, or after `limit`, when those that
   * are left are told to come back.
   */
  async retire(limit: Milli): Promise<void> {
    if (this.#sessions.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
        timer = setTimeout(resolve, limit);
      });
      clearTimeout(timer);
    }
    this.#endSessions('the media worker of this session is replaced; connect again');
    await this.close();
  }

  /** Idempotent. Peers are told, then the child ends; it is killed if it takes too long. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    try {
      await this.#channel.request({ type: 'end' }, { timeout: CLOSE_LIMIT });
    } catch (error) {
      this.#options.log.warn({ err: error, child: this.pid }, 'media worker did not end in an orderly way');
    }
    this.#channel.close();
    await this.#exited();
    this.#state = 'closed';
  }

  async #exited(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_LIMIT);
    try {
      await once(this.#child, 'exit');
    } finally {
      clearTimeout(timer);
    }
  }

  // A channel that ends takes the child with it: one that hangs would hold its ports and keep its peers waiting.
  #channelEnded(reason: ChannelEnd): void {
    this.#child.kill('SIGKILL');
    const wasOpen = this.#state === 'open';
    if (wasOpen) this.#state = 'lost';
    this.#endSessions('the media worker of this session is gone; connect again');
    if (wasOpen) this.#options.onLost(reason);
  }

  #endSessions(message: string): void {
    for (const session of [...this.#sessions.values()]) session.end('worker_lost', message);
  }

  #take(message: WireMessage): void {
    const { type, body } = message;
    if (FEED_NOTICES.has(type)) {
      if (!this.#options.onFeed(this, message)) this.#garbage(type);
      return;
    }
    const notice = workerNoticeSchema.safeParse({ type, body });
    if (!notice.success) return this.#garbage(type);
    if (notice.data.type === 'resources') this.#takeResources(notice.data.body);
    // It may cross the close of its session, which is then unknown here.
    else this.#sessions.get(notice.data.body.session)?.tell(notice.data.body);
  }

  #takeResources(resources: WorkerResources): void {
    let worked: Milli = 0;
    for (const session of this.#sessions.values()) worked += session.worked;
    this.#share.observe(resources.cpu, worked);
    this.#options.onResources(resources);
  }

  #garbage(type: string): void {
    this.#options.log.error({ child: this.pid, type }, 'media worker speaks garbage');
    this.#channel.close();
  }
}

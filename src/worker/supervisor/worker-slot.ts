import type { Logger } from '../../log.ts';
import type { Clock, Milli } from '../../time.ts';
import { RestartPause } from '../child/restart-pause.ts';
import type { WireMessage } from '../wire/channel.ts';
import type { MediaWorkerSettings } from '../wire/protocol.ts';
import { MemoryGuard, type MemoryLimits } from './memory-guard.ts';
import { WorkerProcess } from './worker-process.ts';

/** First pause before a lost worker is replaced; doubles with each failure in a row. */
const FIRST_PAUSE: Milli = 100;
/** Longest pause: a machine that mends itself is back in time, one that does not is not kept busy with starts. */
const LONGEST_PAUSE: Milli = 10_000;

export interface WorkerSlotOptions {
  readonly settings: Omit<MediaWorkerSettings, 'gently'>;
  /** Whether sessions go on in other workers. */
  readonly othersServe: () => boolean;
  readonly memory: MemoryLimits;
  /** Sessions of a worker that leaks may go on for so long. */
  readonly retireWithin: Milli;
  /** A session or viewer has left. */
  readonly onLeft: (id: string, kind: 'session' | 'viewer') => void;
  /** A notice about the way to viewers in other workers. @returns false if it is garbage */
  readonly onFeed: (from: WorkerProcess, message: WireMessage) => boolean;
  /** A worker is ready, and has measured what frames cost. */
  readonly onReady: (worker: WorkerProcess) => void;
  readonly log: Logger;
  readonly clock: Clock;
}

type State =
  | { readonly name: 'starting' }
  | { readonly name: 'ready'; readonly worker: WorkerProcess; readonly since: Milli }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'closed' };

/** The place of one media worker: keeps one in it, whatever becomes of it. Owns the child. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  /** Workers that only wait for their sessions to end. */
  readonly #retiring = new Set<WorkerProcess>();
  #state: State = { name: 'starting' };
  readonly #pause = new RestartPause({ first: FIRST_PAUSE, longest: LONGEST_PAUSE });
  #replaced = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
  }

  /** The one that takes sessions, if there is one now. */
  get worker(): WorkerProcess | undefined {
    return this.#state.name === 'ready' ? this.#state.worker : undefined;
  }

  /** All that have sessions: those that are on their way out too. */
  get workers(): WorkerProcess[] {
    return [...(this.worker === undefined ? [] : [this.worker]), ...this.#retiring];
  }

  /** How often a worker was lost, did not start, or was retired. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Starts a worker. @throws GatewayError worker_lost, timed_out */
  async start(): Promise<void> {
    const { settings, othersServe, onLeft, onFeed, memory, log, clock } = this.#options;
    this.#state = { name: 'starting' };
    const guard = new MemoryGuard(memory);
    const worker = await WorkerProcess.start({
      settings: { ...settings, gently: othersServe() },
      log,
      onLeft,
      onFeed,
      onResources: ({ residentBytes }) => this.#judge(worker, guard.judge(residentBytes, clock.now()), residentBytes),
      onLost: (reason) => {
        log.error({ child: worker.pid, reason }, 'media worker lost');
        if (this.worker === worker) this.#replace();
      },
    });
    if (this.#isClosed()) return worker.close();
    log.info({ child: worker.pid, threads: settings.pixelThreads }, 'media worker ready');
    this.#state = { name: 'ready', worker, since: clock.now() };
    this.#options.onReady(worker);
  }

  /** Idempotent. The child is gone when it settles. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { name: 'closed' };
    if (state.name === 'waiting') clearTimeout(state.timer);
    if (state.name === 'ready') this.#retiring.add(state.worker);
    await Promise.all([...this.#retiring].map((worker) => worker.close()));
  }

  #judge(worker: WorkerProcess, verdict: 'fine' | 'retire' | 'end', residentBytes: number): void {
    const { log } = this.#options;
    if (verdict === 'end') {
      log.error({ child: worker.pid, residentBytes }, 'media worker holds too much memory and is ended');
      worker.kill();
    } else if (verdict === 'retire' && this.worker === worker) {
      log.warn({ child: worker.pid, residentBytes }, 'media worker holds much memory and is replaced');
      void this.#retire(worker);
    }
  }

  async #retire(worker: WorkerProcess): Promise<void> {
    const { settings, retireWithin } = this.#options;
    const { udpMux, tcp } = settings.reach;
    this.#retiring.add(worker);
    this.#state = { name: 'starting' };
    this.#replaced++;
    const gone = worker.retire(retireWithin).finally(() => this.#retiring.delete(worker));
    // The ports that all sessions of a worker share are not free before it is gone.
    if (udpMux !== null || tcp !== null) await gone;
    if (!this.#isClosed()) await this.#startOrReplace();
  }

  async #startOrReplace(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      this.#options.log.error({ err: error }, 'media worker does not start');
      this.#replace();
    }
  }

  #replace(): void {
    if (this.#isClosed()) return;
    const lived = this.#state.name === 'ready' ? this.#options.clock.now() - this.#state.since : 0;
    this.#replaced++;
    this.#state = { name: 'waiting', timer: setTimeout(() => void this.#startOrReplace(), this.#pause.next(lived)) };
  }

  // Closing may have overtaken an await; the compiler remembers the state from before it.
  #isClosed(): boolean {
    return this.#state.name === 'closed';
  }
}

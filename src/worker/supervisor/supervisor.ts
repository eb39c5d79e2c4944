import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Clock, Milli } from '../../time.ts';
import type { Consent } from '../../swap/swap.ts';
import type { BrokerHost } from '../broker-host/broker-host.ts';
import { heldSchema, type MediaWorkerSettings, type SessionSettings, type WorkerHeld } from '../wire/protocol.ts';
import { placeViewer } from './admission/place.ts';
import { noWorker, Places } from './admission/places.ts';
import type { Waiting } from './admission/waiting-line.ts';
import { Feeds } from './feeds.ts';
import { askAboutPhoto, askForMasks, type JudgedPhoto, type MaskPicture } from './identity-questions.ts';
import { memoryLimits } from './memory-guard.ts';
import type { ChosenCast, ChosenIdentity } from '../wire/cast-bytes.ts';
import type { RemoteSession, SessionEvents } from './remote-session.ts';
import { CostTable, SessionCost } from './admission/session-cost.ts';
import type { WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Callers of a lost worker come back after so long: the replacement is usually ready by then. */
export const RETRY_WHEN_LOST: Milli = 1_000;
/** Threads answer between two frames. */
const HELD_LIMIT: Milli = 2_000;

/** Who runs the media workers, and with what. */
export interface SupervisorOptions {
  /** Media worker processes, at least 1. */
  readonly workers: number;
  /** Pixel threads of all of them together; `null` = two a core. */
  readonly pixelThreads: number | null;
  /** Viewers in the media worker of what they watch before further ones live in another. */
  readonly viewersAtHome: number;
  /** Most sessions, whatever they cost; `null` = what fits by cost. */
  readonly maximumSessions: number | null;
  /** Most callers who may wait for a place. */
  readonly maximumWaiting: number;
  readonly media: Omit<MediaWorkerSettings, 'pixelThreads' | 'gently'>;
  /** Left out where there are no GPUs. */
  readonly broker?: Pick<BrokerHost, 'figures'> | undefined;
  /** Mebibytes of a media worker, `null` = by its threads; minutes that sessions of one that leaks may go on. */
  readonly memory: {
    readonly softMegabytes: number | null;
    readonly hardMegabytes: number | null;
    readonly retireMinutes: number;
  };
  readonly log: Logger;
  readonly clock: Clock;
}

interface WorkerStatus {
  readonly pid: number | undefined;
  readonly sessions: number;
  readonly viewers: number;
}

/** Keeps the media workers alive and gives sessions their place. Owns all children of the gateway. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #feeds: Feeds;
  #masks: Promise<readonly MaskPicture[]> | undefined;
  #maskIds: readonly string[] = [];
  readonly #costs = new CostTable();
  readonly #places: Places<RemoteSession>;
  /** Set once no new sessions are taken: called when one has left. */
  #draining: (() => void) | undefined;
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { workers, broker, memory, media, log, clock } = options;
    this.#feeds = new Feeds(clock);
    const { maximumSessions, maximumWaiting } = options;
    this.#places = new Places({
      workers: () => {
        const ready = this.#workers();
        return { ready, all: this.#all(), complete: ready.length === this.#slots.length };
      },
      gpus: () => broker?.figures,
      maximumSessions,
      maximumWaiting,
      clock,
    });
    this.#slots = shareThreads(options.pixelThreads, workers).map(
      (pixelThreads) =>
        new WorkerSlot({
          settings: { ...media, pixelThreads },
          othersServe: () => this.#all().some(({ sessions, viewers }) => sessions + viewers > 0),
          memory: memoryLimits(memory, pixelThreads),
          retireWithin: memory.retireMinutes * 60_000,
          onLeft: (id, kind) => {
            this.#feeds.left(id);
            if (kind === 'session') this.#places.left();
            this.#draining?.();
          },
          onFeed: (from, message) => this.#feeds.take(from, message),
          onReady: ({ frameCost, masks }) => {
            if (frameCost !== undefined) this.#costs.calibrate(frameCost);
            this.#maskIds = masks;
          },
          log,
          clock,
        }),
    );
  }

  /** Starts all workers. @throws GatewayError if one cannot be started; the others are then closed */
  async start(): Promise<void> {
    const starts = await Promise.allSettled(this.#slots.map((slot) => slot.start()));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  /** `starting`: no worker takes calls, at first or because all are being replaced. */
  get readiness(): 'starting' | 'ready' | 'draining' {
    if (this.#draining !== undefined) return 'draining';
    return this.#workers().length > 0 ? 'ready' : 'starting';
  }

  /** Takes no new sessions from now on; settles when the last has ended. */
  drain(): Promise<void> {
    this.#places.close();
    return new Promise((resolve) => {
      this.#draining = () => {
        if (this.status.sessions === 0) resolve();
      };
      this.#draining();
    });
  }

  /** For metrics and tests. */
  get status(): {
    readonly workers: readonly WorkerStatus[];
    readonly sessions: number;
    /** Callers who wait for a place. */
    readonly waiting: number;
    /** Chunks that a worker with viewers of another's sessions was too slow for. */
    readonly dropped: number;
    readonly restarts: number;
  } {
    const workers = this.#workers().map(({ pid, sessions, viewers }) => ({ pid, sessions, viewers }));
    const sessions = this.#all().reduce((sum, worker) => sum + worker.sessions, 0);
    const restarts = this.#slots.reduce((sum, { replaced }) => sum + replaced, 0);
    return { workers, sessions, waiting: this.#places.waiting, dropped: this.#feeds.dropped, restarts };
  }

  /**
   * Opens a session in the worker with most room, at once or, if it waits, when it is its turn.
   * @throws GatewayError capacity_full if it fits nowhere, worker_lost if no worker is ready, closed while draining or if it waits no more
   */
  async openSession(
    settings: SessionSettings,
    options: ChosenCast & {
      readonly identity: ChosenIdentity;
      readonly events: SessionEvents;
      readonly waiting?: Waiting | undefined;
    },
  ): Promise<RemoteSession> {
    this.#requireOpen();
    const cost = new SessionCost(this.#costs, settings);
    const id = randomBytes(16).toString('hex');
    const { events, waiting } = options;
    const session = await this.#places.take(
      { cost, give: (worker) => worker.addSession(id, { cost, events }) },
      waiting,
    );
    try {
      await session.open(settings, options);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Opens a viewer of a session, in the worker where that lives unless many watch there already.
   * @throws GatewayError session_unknown if it is over, closed while draining
   */
  async openViewer(watched: string, events: SessionEvents): Promise<RemoteSession> {
    this.#requireOpen();
    const home = this.#all().find((each) => each.has(watched));
    if (home === undefined) throw new GatewayError('session_unknown', 'the session that is watched must be there');
    const worker = placeViewer(home, this.#workers(), this.#options.viewersAtHome);
    const id = randomBytes(16).toString('hex');
    // What a viewer costs is packets alone, which admission does not count.
    const viewer = worker.addSession(id, { cost: undefined, events });
    try {
      if (worker !== home) await this.#feeds.join(watched, id, { home, to: worker });
      await viewer.watch(watched);
      return viewer;
    } catch (error) {
      await viewer.close();
      throw error;
    }
  }

  /**
   * Judges a photo in a media worker, or several of a form (multipart/form-data).
   * @param type as the head of the upload says
   * @throws GatewayError photo_…
   */
  async judgePhoto(photo: Uint8Array, consent: Consent, type = ''): Promise<JudgedPhoto> {
    return askAboutPhoto(this.#anyWorker(), { photo, consent, type });
  }

  /** What each media worker holds, by its place. One that does not answer is left out. */
  async held(): Promise<ReadonlyMap<number, WorkerHeld>> {
    const answers = this.#slots.map(async ({ worker }, index): Promise<[number, WorkerHeld][]> => {
      if (worker === undefined) return [];
      const reply = await worker.request({ type: 'held' }, { timeout: HELD_LIMIT });
      return [[index, heldSchema.parse(reply.body)]];
    });
    const settled = await Promise.allSettled(answers);
    return new Map(settled.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])));
  }

  /** Ids of the painted masks; all workers know the same, those that come later too. */
  get maskIds(): readonly string[] {
    return this.#maskIds;
  }

  /** The painted masks with their thumbnails; asked for once, since they do not change. @throws GatewayError worker_lost */
  masks(): Promise<readonly MaskPicture[]> {
    this.#masks ??= this.#askForMasks().catch((error: unknown) => {
      // The next caller asks again.
      this.#masks = undefined;
      throw error;
    });
    return this.#masks;
  }

  /** Idempotent. Sessions are closed by their owners or told by their workers; children are gone when it settles. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#places.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  #workers(): WorkerProcess[] {
    return this.#slots.flatMap(({ worker }) => worker ?? []);
  }

  /** Those too that take no new sessions. */
  #all(): WorkerProcess[] {
    return this.#slots.flatMap(({ workers }) => workers);
  }

  #requireOpen(): void {
    if (this.#draining !== undefined) throw new GatewayError('closed', 'the gateway is going; try again in a moment');
  }

  async #askForMasks(): Promise<readonly MaskPicture[]> {
    return askForMasks(this.#anyWorker());
  }

  #anyWorker(): WorkerProcess {
    const [worker] = this.#workers().sort((a, b) => a.load.cores - b.load.cores);
    if (worker === undefined) throw noWorker();
    return worker;
  }
}

/**
 * Threads by worker; every worker has at least one. By default two a core: sessions stay in their thread, and with one
 * thread a core an odd session would wait for its neighbour while the other core idles (docs/benchmarks.md).
 */
function shareThreads(wanted: number | null, workers: number): number[] {
  const cores = availableParallelism();
  const threads = Math.min(wanted ?? 2 * cores, 2 * cores);
  return Array.from({ length: workers }, (_, index) => Math.max(1, Math.floor((threads + index) / workers)));
}

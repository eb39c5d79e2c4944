import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Clock, Milli } from '../../time.ts';
import type { Consent } from '../../swap/swap.ts';
import type { BrokerHost } from '../broker-host/broker-host.ts';
import { identityBytes, type PackedIdentity } from '../wire/identity-bytes.ts';
import {
  heldSchema,
  masksReplySchema,
  photoReplySchema,
  type MediaWorkerSettings,
  type SessionSettings,
  type WorkerHeld,
} from '../wire/protocol.ts';
import { place, placeViewer } from './admission.ts';
import { Feeds } from './feeds.ts';
import { GpuRoom } from './gpu-room.ts';
import { memoryLimits } from './memory-guard.ts';
import type { ChosenCast, ChosenIdentity } from '../wire/cast-bytes.ts';
import type { RemoteSession, SessionEvents } from './remote-session.ts';
import { CostTable, SessionCost } from './session-cost.ts';
import type { WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Callers of a lost worker come back after so long: the replacement is usually ready by then. */
export const RETRY_WHEN_LOST: Milli = 1_000;
/** Decoding, finding the face, preparing the texture; the photo thread has a shorter limit of its own. */
const PHOTO_LIMIT: Milli = 50_000;
const MASKS_LIMIT: Milli = 10_000;
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

/** A photo that was judged good enough, made into an identity. */
export interface JudgedPhoto {
  readonly identity: PackedIdentity;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Photos that were left out, by their place from 1. */
  readonly refusals: readonly { readonly photo: number; readonly code: string; readonly message: string }[];
  /** PNG. */
  readonly thumbnail: Uint8Array;
}

/** A painted mask that can be worn. */
export interface MaskPicture {
  readonly id: string;
  readonly title: string;
  /** PNG. */
  readonly thumbnail: Uint8Array;
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
  readonly #gpus: GpuRoom;
  /** Set once no new sessions are taken: called when one has left. */
  #draining: (() => void) | undefined;
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { workers, broker, memory, media, log, clock } = options;
    this.#feeds = new Feeds(clock);
    this.#gpus = new GpuRoom({ figures: () => broker?.figures, clock });
    this.#slots = shareThreads(options.pixelThreads, workers).map(
      (pixelThreads) =>
        new WorkerSlot({
          settings: { ...media, pixelThreads },
          othersServe: () => this.#all().some(({ sessions, viewers }) => sessions + viewers > 0),
          memory: memoryLimits(memory, pixelThreads),
          retireWithin: memory.retireMinutes * 60_000,
          onLeft: (id) => {
            this.#feeds.left(id);
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
    /** Chunks that a worker with viewers of another's sessions was too slow for. */
    readonly dropped: number;
    readonly restarts: number;
  } {
    const workers = this.#workers().map(({ pid, sessions, viewers }) => ({ pid, sessions, viewers }));
    const sessions = this.#all().reduce((sum, worker) => sum + worker.sessions, 0);
    const restarts = this.#slots.reduce((sum, { replaced }) => sum + replaced, 0);
    return { workers, sessions, dropped: this.#feeds.dropped, restarts };
  }

  /**
   * Opens a session in the worker with most room.
   * @throws GatewayError capacity_full if it fits nowhere, worker_lost if no worker is ready, closed while draining
   */
  async openSession(
    settings: SessionSettings,
    options: ChosenCast & { readonly identity: ChosenIdentity; readonly events: SessionEvents },
  ): Promise<RemoteSession> {
    const cost = new SessionCost(this.#costs, settings);
    const worker = this.#place(cost);
    const id = randomBytes(16).toString('hex');
    const session = worker.addSession(id, { cost, events: options.events });
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
    const reply = await this.#anyWorker().request(
      { type: 'photo', body: { consent, type }, payload: [photo] },
      { timeout: PHOTO_LIMIT },
    );
    const checked = photoReplySchema.safeParse(reply.body);
    const head = checked.data?.identity;
    if (head === undefined) throw new GatewayError('internal', 'the media worker must answer with an identity');
    const end = identityBytes(head);
    if (reply.payload.length !== end + (checked.data?.thumbnailBytes ?? 0)) {
      throw new GatewayError('internal', 'the media worker must send all bytes of the identity');
    }
    const identity = { head, bytes: reply.payload.subarray(0, end) };
    const { warnings = [], refusals = [] } = checked.data ?? {};
    return { identity, warnings, refusals, thumbnail: reply.payload.subarray(end) };
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
    this.#masks ??= this.#askMasks().catch((error: unknown) => {
      // The next caller asks again.
      this.#masks = undefined;
      throw error;
    });
    return this.#masks;
  }

  async #askMasks(): Promise<readonly MaskPicture[]> {
    const reply = await this.#anyWorker().request({ type: 'masks' }, { timeout: MASKS_LIMIT });
    const { masks } = masksReplySchema.parse(reply.body);
    let at = 0;
    return masks.map(({ id, title, thumbnailBytes }) => {
      const thumbnail = reply.payload.subarray(at, (at += thumbnailBytes));
      return { id, title, thumbnail };
    });
  }

  /** Idempotent. Sessions are closed by their owners or told by their workers; children are gone when it settles. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
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

  #place(cost: SessionCost): WorkerProcess {
    this.#requireOpen();
    const workers = this.#workers();
    if (workers.length === 0) throw noWorker();
    const { maximumSessions } = this.#options;
    // A limit that the operator has set counts instead of the estimate: it is a promise about the machine.
    const limited = maximumSessions !== null;
    if (cost.networks !== undefined && !limited) {
      const others = this.#all().flatMap(({ networks }) => networks);
      this.#gpus.admit(cost.networks, others);
    }
    const full = limited && this.status.sessions >= maximumSessions;
    const taken = this.#all().reduce((sum, { load }) => sum + load.cores, 0);
    const machine = { cores: availableParallelism(), taken };
    const worker = full ? undefined : place(workers, limited ? 0 : cost.cores, machine);
    if (worker !== undefined) return worker;
    // What a worker that is just being replaced could carry will be there in a moment.
    if (!full && workers.length < this.#slots.length) throw noWorker();
    throw new GatewayError('capacity_full', 'all places are taken; try again later');
  }

  #anyWorker(): WorkerProcess {
    const [worker] = this.#workers().sort((a, b) => a.load.cores - b.load.cores);
    if (worker === undefined) throw noWorker();
    return worker;
  }
}

function noWorker(): GatewayError {
  return new GatewayError('worker_lost', 'a media worker must be ready; try again in a moment');
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

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Hardware } from '../../codec/hardware.ts';
import type { NativeHeld } from '../../codec/native-held.ts';
import { entryFile } from '../../entry.ts';
import { assert, GatewayError } from '../../errors.ts';
import type { ThreadHeld } from '../../held.ts';
import type { Logger } from '../../log.ts';
import type { FrameCost, FromPixel, ToPixel } from '../../session/pixel.ts';
import type { RecipeFace } from '../../swap/neural/recipe.ts';
import type { Milli } from '../../time.ts';
import { endThread } from './end-thread.ts';
import { nextMessage } from './next-message.ts';

/** What a pixel thread is told when it starts. */
export interface ThreadStart {
  /** The device that decodes and encodes, or none. */
  readonly hardware: Hardware | 'off';
  /** Time that decoding a picture may take; left out: the usual. */
  readonly decodeLimit?: Milli;
  /** Unix socket of the broker; left out where there is none. */
  readonly broker?: string;
  /** Swap networks that sessions may choose; left out: none. */
  readonly recipes?: readonly RecipeFace[];
}

/** What a pixel thread says about itself, besides what it says about sessions. */
export type ThreadSign =
  | { readonly type: 'ready'; readonly cost: FrameCost }
  | { readonly type: 'alive' }
  | { readonly type: 'held'; readonly held: PixelHeld };
/** Asks a pixel thread whether it still turns, or what it holds. */
export type ThreadQuestion = { readonly type: 'alive?' } | { readonly type: 'held?' };

/** What pixel threads hold. */
export interface PixelHeld extends ThreadHeld, NativeHeld {
  /** Pixel halves of sessions. */
  readonly sessions: number;
}

/** Models are converted at the very first start of a machine, in here. */
const START_LIMIT: Milli = 80_000;
/** A thread is asked so often, and given up after so many questions without an answer: 5 s. A frame takes some 15 ms. */
const ASK_EVERY: Milli = 1_000;
const SILENT_QUESTIONS = 5;
/** Pause before a lost thread is replaced; doubles with each loss in a row. */
const FIRST_PAUSE: Milli = 200;
/** After so many losses in a row the whole process is better started anew, which its supervisor does. */
const MAXIMUM_LOSSES = 5;

/** A session's end of a pixel thread. */
export interface PixelSeat {
  /** Gives a message away; the ArrayBuffers in `transfer` go with it. */
  post(message: ToPixel, transfer: readonly ArrayBuffer[]): void;
  /** Idempotent. The pixel half must have been closed by a message before. */
  leave(): void;
}

/** What a session hears from its pixel thread. */
export interface SeatEvents {
  onMessage(message: FromPixel): void;
  /** The thread is gone, and with it the pixel half. Exactly once. */
  onLost(): void;
}

interface Thread {
  readonly worker: Worker;
  readonly seats: Map<string, SeatEvents>;
  /** Who waits for what it holds; `undefined` once it is gone. */
  readonly asked: ((held: PixelHeld | undefined) => void)[];
  silent: number;
}

/** The pixel threads of a media worker. A thread that dies or hangs fails its sessions and is replaced. */
export class PixelCrew {
  readonly #log: Logger;
  readonly #start: ThreadStart;
  readonly #onHopeless: () => void;
  readonly #threads: (Thread | undefined)[];
  #losses = 0;
  #asking: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param onHopeless threads die again and again: the process should end */
  constructor(options: {
    readonly threads: number;
    readonly start?: ThreadStart;
    readonly log: Logger;
    readonly onHopeless: () => void;
  }) {
    assert(options.threads >= 1 && options.threads <= 256, 'a media worker has 1–256 pixel threads');
    this.#log = options.log;
    this.#start = options.start ?? { hardware: 'off' };
    this.#onHopeless = options.onHopeless;
    this.#threads = Array.from({ length: options.threads }, () => undefined);
    if (options.threads > 2 * availableParallelism()) {
      this.#log.warn(
        { threads: options.threads },
        'far more pixel threads than cores: frames will wait for each other',
      );
    }
  }

  /**
   * Starts all threads and waits until they are warm; `gently` only as many at once as leave half of the cores to others.
   * Gives what a frame costs by the one that found it cheapest: what
   * disturbs a measurement adds to it.
   * @throws GatewayError worker_lost, timed_out
   */
  async start({ gently = false } = {}): Promise<FrameCost> {
    const costs: FrameCost[] = [];
    const waiting = [...this.#threads.keys()];
    const startInTurn = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        costs.push(await this.#startThread(index));
      }
    };
    const atOnce = gently ? Math.max(1, availableParallelism() >> 1) : waiting.length;
    await Promise.all(Array.from({ length: atOnce }, startInTurn));
    this.#asking = setInterval(() => this.#ask(), ASK_EVERY);
    const least = (of: (cost: FrameCost) => Milli): Milli => Math.min(...costs.map(of));
    return { vp8: least(({ vp8 }) => vp8), h264: least(({ h264 }) => h264) };
  }

  /** A place for a session in the thread with fewest. @throws GatewayError worker_lost while all are being replaced */
  seat(session: string, events: SeatEvents): PixelSeat {
    const alive = this.#threads.filter((thread) => thread !== undefined);
    const [thread] = alive.sort((a, b) => a.seats.size - b.seats.size);
    if (thread === undefined) throw new GatewayError('worker_lost', 'a pixel thread must be ready; try again');
    thread.seats.set(session, events);
    return {
      post: (message, transfer) => thread.worker.postMessage(message, transfer),
      leave: () => void thread.seats.delete(session),
    };
  }

  /** What all threads hold together. One that is gone before it answers holds nothing. */
  async held(): Promise<PixelHeld> {
    const alive = this.#threads.filter((thread) => thread !== undefined);
    const answers = alive.map(
      ({ asked, worker }) =>
        new Promise<PixelHeld | undefined>((resolve) => {
          asked.push(resolve);
          worker.postMessage({ type: 'held?' } satisfies ThreadQuestion);
        }),
    );
    const sum = { heapBytes: 0, handles: 0, sessions: 0, pictures: 0, codecs: 0 };
    for (const held of await Promise.all(answers)) {
      if (held !== undefined) for (const key of Object.keys(sum) as (keyof PixelHeld)[]) sum[key] += held[key];
    }
    return sum;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#asking);
    const alive = this.#threads.filter((thread) => thread !== undefined);
    await Promise.all(alive.map((thread) => endThread(thread.worker)));
  }

  async #startThread(index: number): Promise<FrameCost> {
    const worker = new Worker(entryFile('worker/pixel-thread'), { name: `pixels ${index}`, workerData: this.#start });
    const cost = await this.#ready(worker);
    if (this.#closed) {
      await endThread(worker);
      return cost;
    }
    const thread: Thread = { worker, seats: new Map(), asked: [], silent: 0 };
    this.#threads[index] = thread;
    worker.on('message', (message: FromPixel | ThreadSign) => this.#hear(thread, message));
    worker.on('error', (error) => this.#log.error({ err: error, thread: index }, 'pixel thread failed'));
    worker.on('exit', () => this.#lost(index, thread));
    return cost;
  }

  async #ready(worker: Worker): Promise<FrameCost> {
    try {
      const sign = await nextMessage<ThreadSign>(worker, { limit: START_LIMIT, of: 'pixel thread' });
      assert(sign.type === 'ready', 'a pixel thread is ready before anything else');
      return sign.cost;
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  #hear(thread: Thread, message: FromPixel | ThreadSign): void {
    thread.silent = 0;
    if (message.type === 'ready') return;
    if (message.type === 'alive') {
      this.#losses = 0;
      return;
    }
    if (message.type === 'held') {
      thread.asked.shift()?.(message.held);
      return;
    }
    // What still comes of a session that has left has nobody to hear it.
    thread.seats.get(message.session)?.onMessage(message);
  }

  #ask(): void {
    for (const thread of this.#threads) {
      if (thread === undefined) continue;
      if (++thread.silent > SILENT_QUESTIONS) {
        this.#log.error({}, 'pixel thread hangs');
        // Its exit, which follows, does the rest.
        void thread.worker.terminate();
      } else {
        thread.worker.postMessage({ type: 'alive?' } satisfies ThreadQuestion);
      }
    }
  }

  #lost(index: number, thread: Thread): void {
    this.#threads[index] = undefined;
    for (const seat of thread.seats.values()) seat.onLost();
    thread.seats.clear();
    for (const settle of thread.asked.splice(0)) settle(undefined);
    if (!this.#closed) this.#replace(index);
  }

  #replace(index: number): void {
    if (++this.#losses > MAXIMUM_LOSSES) {
      this.#onHopeless();
      return;
    }
    setTimeout(
      () => {
        if (this.#closed) return;
        this.#startThread(index).catch((error: unknown) => {
          this.#log.error({ err: error, thread: index }, 'pixel thread does not start');
          this.#replace(index);
        });
      },
      FIRST_PAUSE * 2 ** (this.#losses - 1),
    );
  }
}

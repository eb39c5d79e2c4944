import { Worker } from 'node:worker_threads';
import { entryFile } from '../../entry.ts';
import { GatewayError, type ErrorCode } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { endThread } from '../threads/end-thread.ts';
import type { GpuConfigure, GpuFigures, GpuLoad, GpuLoaded } from '../wire/gpu-protocol.ts';
import type { DeskJob, DeskReply } from './gpu-desk.ts';

/** What the thread is asked, and what it answers. */
interface Asked {
  load: { readonly ask: GpuLoad; readonly reply: GpuLoaded };
  warm: { readonly ask: GpuLoad; readonly reply: GpuLoaded };
  profile: { readonly ask: { readonly recipe: string }; readonly reply: GpuLoaded };
  source: { readonly ask: { readonly hash: string; readonly bytes: Uint8Array }; readonly reply: undefined };
  /** Pixels go there and come back without a copy. */
  job: { readonly ask: DeskJob; readonly reply: DeskReply };
  figures: { readonly ask: object; readonly reply: Omit<GpuFigures, 'residentBytes'> };
}
type Kind = keyof Asked;
type Ask<K extends Kind> = K extends Kind ? { readonly kind: K } & Asked[K]['ask'] : never;

export type ThreadRequest = { readonly id: number } & Ask<Kind>;
export type ThreadAnswer =
  | { readonly id: number; readonly ok: true; readonly reply: unknown }
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details?: string | undefined;
    };

interface Pending {
  resolve(reply: never): void;
  reject(error: GatewayError): void;
}

/** The main thread's way to the thread that runs the networks. */
export class GpuLane {
  readonly #thread: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #log: Logger;
  #nextId = 1;
  #closing: Promise<void> | undefined;

  /** @param onLost the thread is gone by itself: nothing can be run in this process any more */
  constructor(settings: GpuConfigure, options: { readonly log: Logger; readonly onLost: (error: unknown) => void }) {
    this.#log = options.log;
    this.#thread = new Worker(entryFile('worker/gpu-thread'), { name: 'gpu', workerData: settings });
    this.#thread.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    this.#thread.on('error', options.onLost);
  }

  /**
   * Asks the thread, which does one thing after the other. The ArrayBuffers in `transfer` go with it.
   * @throws GatewayError of the thread
   */
  ask<K extends Kind>(request: Ask<K>, transfer: readonly ArrayBuffer[] = []): Promise<Asked[K]['reply']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#thread.postMessage({ id, ...request }, transfer);
    });
  }

  /** Idempotent. Lets it finish what it does, and waits until it is gone. */
  close(): Promise<void> {
    return (this.#closing ??= endThread(this.#thread));
  }

  #settle(answer: ThreadAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.ok) return pending?.resolve(answer.reply as never);
    if (answer.details !== undefined) this.#log.error({ details: answer.details }, 'request failed');
    pending?.reject(new GatewayError(answer.code, answer.message));
  }
}

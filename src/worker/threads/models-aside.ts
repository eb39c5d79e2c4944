import { Worker } from 'node:worker_threads';
import { entryFile } from '../../entry.ts';
import { type ErrorCode, GatewayError } from '../../errors.ts';
import type { ModelRunner } from '../../onnx/session.ts';
import type { Milli } from '../../time.ts';
import { endThread } from './end-thread.ts';

/** What a model thread is asked; it answers in the same order. */
export type ModelRequest =
  | { readonly kind: 'load'; readonly onnx: Uint8Array }
  /** From the model's input to its outputs. */
  | { readonly kind: 'run'; readonly model: number }
  | { readonly kind: 'time' };

export type ModelReply =
  | ({ readonly kind: 'loaded'; readonly model: number } & Omit<ModelRunner, 'run' | 'release'>)
  | { readonly kind: 'ran' }
  /** Processor time that it has used so far. */
  | { readonly kind: 'time'; readonly used: Milli }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** A run takes some milliseconds; the thread of one that takes longer than this is as good as dead. */
const HANG: Milli = 5_000;

interface Asked {
  readonly kind: ModelRequest['kind'];
  resolve(reply: ModelReply): void;
  reject(error: unknown): void;
}

/**
 * A thread that runs the models of one pixel thread, which meanwhile sends, pastes and takes what comes. What goes in and comes out
 * lies in memory that both see.
 */
export class ModelsAside {
  readonly #thread: Worker;
  readonly #onLost: (error: unknown) => void;
  readonly #asked: Asked[] = [];
  #hang: NodeJS.Timeout | undefined;
  #gone = false;
  #closed = false;

  /** @param onLost it died or hangs: nothing will run any more. At most once */
  constructor(onLost: (error: unknown) => void) {
    this.#onLost = onLost;
    this.#thread = new Worker(entryFile('worker/model-thread'), { name: 'models' });
    this.#thread.on('message', (reply: ModelReply) => this.#hear(reply));
    this.#thread.on('error', (error) => this.#lose(error));
    this.#thread.on('exit', () => {
      this.#gone = true;
      this.#lose(new Error('it ended'));
    });
  }

  /** Loads a model. @throws GatewayError model_unsupported, worker_lost */
  async load(onnx: Uint8Array): Promise<ModelRunner> {
    const loaded = await this.#ask({ kind: 'load', onnx });
    if (loaded.kind !== 'loaded') throw unexpected(loaded);
    const { model, inputShape, outputShapes, input, outputs } = loaded;
    return {
      ...{ inputShape, outputShapes, input, outputs },
      run: () => this.#run(model),
      // It goes with its thread.
      release: () => Promise.resolve(),
    };
  }

  /** Processor time that the thread has used so far. */
  async time(): Promise<Milli> {
    const reply = await this.#ask({ kind: 'time' });
    if (reply.kind !== 'time') throw unexpected(reply);
    return reply.used;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#hang);
    if (!this.#gone) await endThread(this.#thread);
    this.#refuse(new GatewayError('closed', 'models must be open'));
  }

  async #run(model: number): Promise<void> {
    await this.#ask({ kind: 'run', model });
  }

  #ask(request: ModelRequest): Promise<ModelReply> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new GatewayError('closed', 'models must be open'));
      this.#asked.push({ kind: request.kind, resolve, reject });
      if (this.#asked.length === 1) this.#watch();
      this.#thread.postMessage(request);
    });
  }

  #hear(reply: ModelReply): void {
    const asked = this.#asked.shift();
    this.#watch();
    if (reply.kind === 'failed') asked?.reject(new GatewayError(reply.code, reply.message));
    else asked?.resolve(reply);
  }

  /** Gives the run that is next its time. Loading has the time that the pixel thread has to start. */
  #watch(): void {
    clearTimeout(this.#hang);
    if (this.#asked[0]?.kind === 'run') this.#hang = setTimeout(() => this.#lose(new Error('it hangs')), HANG);
  }

  #lose(cause: unknown): void {
    if (this.#closed) return;
    const error = new GatewayError('worker_lost', `the thread of the models must not fail: ${String(cause)}`, {
      cause,
    });
    this.#refuse(error);
    void this.close();
    this.#onLost(error);
  }

  /** Whoever waits for an answer gets none. */
  #refuse(error: GatewayError): void {
    for (const { reject } of this.#asked.splice(0)) reject(error);
  }
}

function unexpected({ kind }: ModelReply): GatewayError {
  return new GatewayError('internal', `a model thread must answer what it is asked [kind:${kind}]`);
}

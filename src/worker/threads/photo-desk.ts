import { Worker } from 'node:worker_threads';
import { entryFile } from '../../entry.ts';
import { GatewayError, type ErrorCode } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import type { Consent } from '../../swap/swap.ts';
import { endThread } from './end-thread.ts';
import { nextMessage } from './next-message.ts';
import { isForm } from './uploaded-photos.ts';
import type { PhotoThreadReply, PhotoThreadRequest, PhotoThreadSettings } from '../photo-thread.ts';

/** One photo takes some 300 ms; the first also loads the models. A picture that takes longer is an attack. */
const PHOTO_LIMIT: Milli = 15_000;
/** Several in one form, of which each takes its time. */
const FORM_LIMIT: Milli = 45_000;
/** A thread without work goes after so long: its models take 100 MB. */
const IDLE_LIMIT: Milli = 30_000;
/** Photos that may wait for the one before. */
const MAXIMUM_WAITING = 8;
/** JavaScript heap of the thread; pictures live outside it, bounded by their pixels. */
const HEAP_MB = 256;

type Ok = Extract<PhotoThreadReply, { ok: true }>;

/**
 * Judges photos in a thread of its own, one at a time, so that no live frame waits for one. The thread is started for the
 * first photo and closed when idle; one that takes too long is ended.
 */
export class PhotoDesk {
  readonly #settings: PhotoThreadSettings;
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #nextRequest = 1;
  #closed = false;

  constructor(settings: PhotoThreadSettings) {
    this.#settings = settings;
  }

  /** @throws GatewayError photo_…, capacity_full */
  judge(
    body: Uint8Array,
    { type, consent }: { readonly type: string; readonly consent: Consent },
  ): Promise<Extract<Ok, { kind: 'photo' }>> {
    return this.#inTurn({ kind: 'photo', body, type, consent, request: this.#nextRequest++ });
  }

  /**
   * What the recogniser makes of a face: 512 numbers.
   * @param crop [112, 112, 3] uint8, RGB
   * @throws GatewayError asset_missing, model_unsupported, capacity_full, timed_out
   */
  async recognise(crop: Uint8Array): Promise<Float32Array> {
    return (await this.#inTurn({ kind: 'recognise', crop, request: this.#nextRequest++ })).embedding;
  }

  /** The painted masks with thumbnails. @throws GatewayError timed_out */
  masks(): Promise<Extract<Ok, { kind: 'masks' }>> {
    return this.#inTurn({ kind: 'masks', request: this.#nextRequest++ });
  }

  /** Idempotent. A photo that is being judged is finished first, unless that takes long. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#dismiss();
  }

  async #inTurn<Kind extends Ok['kind']>(
    request: Extract<PhotoThreadRequest, { kind: Kind }>,
  ): Promise<Extract<Ok, { kind: Kind }>> {
    if (this.#closed) throw new GatewayError('closed', 'the media worker must not be ending');
    if (this.#waiting >= MAXIMUM_WAITING) throw new GatewayError('capacity_full', 'other photos must be done first');
    this.#waiting++;
    const turn = this.#turn.then(() => this.#ask(request));
    this.#turn = turn.catch(() => undefined);
    try {
      const reply = await turn;
      if (reply.ok) return reply as Extract<Ok, { kind: Kind }>;
      throw new GatewayError(reply.code as ErrorCode, reply.message);
    } finally {
      this.#waiting--;
    }
  }

  async #ask(request: PhotoThreadRequest): Promise<PhotoThreadReply> {
    // It may have waited for its turn while the worker began to end.
    if (this.#closed) throw new GatewayError('closed', 'the media worker must not be ending');
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= this.#startThread());
    try {
      const limit = request.kind === 'photo' && isForm(request.type) ? FORM_LIMIT : PHOTO_LIMIT;
      const reply = nextMessage<PhotoThreadReply>(thread, { limit, of: 'photo thread' });
      thread.postMessage(request);
      return await reply;
    } catch (error) {
      if (this.#closed) throw new GatewayError('closed', 'the media worker must not be ending', { cause: error });
      void this.#dismiss();
      if (request.kind === 'photo' && error instanceof GatewayError && error.code === 'timed_out') {
        const message = 'the picture must be read in time; save it smaller, or try again';
        throw new GatewayError('photo_too_slow', message, { cause: error });
      }
      throw error;
    } finally {
      this.#idle = setTimeout(() => void this.#dismiss(), IDLE_LIMIT);
      this.#idle.unref();
    }
  }

  #startThread(): Worker {
    const thread = new Worker(entryFile('worker/photo-thread'), {
      name: 'photos',
      workerData: this.#settings,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    // Without a listener a failure between two photos would end the whole process.
    thread.on('error', () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }

  async #dismiss(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread !== undefined) await endThread(thread);
  }
}

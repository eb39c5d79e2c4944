import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { GatewayError, type ErrorCode } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { Outbox } from './outbox.ts';
import { FrameReader, type WireFrame, type WireKind } from './wire.ts';

/** File descriptor of the wire in a child process; 0–2 are the usual ones. */
export const CHILD_WIRE_FD = 3;
/** Each side says so often that it lives. */
export const PING_EVERY: Milli = 500;
/** Without a sign of life for so long a child is given up: its sessions must go elsewhere soon. */
export const CHILD_SILENCE: Milli = 3_000;
/** A gateway may be stopped for a while without its sessions having to end; that it is gone shows in the socket's end. */
export const GATEWAY_SILENCE: Milli = 30_000;

/** Control and bytes of one message. */
export interface WireMessage {
  readonly type: string;
  /** JSON; the receiver checks it. */
  readonly body: unknown;
  readonly payload: Uint8Array;
}

/** A message to send; without `payload` it is control only. */
export interface OutgoingMessage {
  readonly type: string;
  readonly body?: unknown;
  readonly payload?: readonly Uint8Array[];
}

/** What a request gives back. */
export interface WireReply {
  readonly body: unknown;
  readonly payload: Uint8Array;
}

/** What answers a request. */
export interface Answer {
  readonly body?: unknown;
  readonly payload?: readonly Uint8Array[];
}

export interface ChannelEvents {
  /** Must not throw; a rejection is sent back as the failure. */
  onRequest(message: WireMessage): Promise<Answer>;
  onNotice(message: WireMessage): void;
  /** Exactly once; `reason` is a short word for the log: closed, ended, silent, garbage, stuck, broken. */
  onClose(reason: ChannelEnd): void;
}

/** Why a channel is no more. */
export type ChannelEnd = 'closed' | 'ended' | 'silent' | 'garbage' | 'stuck' | 'broken';

const envelope = z.object({ id: z.int().nonnegative().optional(), type: z.string(), body: z.unknown().optional() });
const failure = z.object({ code: z.string(), message: z.string() });

interface Pending {
  resolve(reply: WireReply): void;
  reject(error: GatewayError): void;
  timer: NodeJS.Timeout;
}

/**
 * Requests, replies and notices over one stream, with credit: what the other side has not taken is bounded, and what
 * may be dropped is dropped here, at its source. Owns the stream.
 */
export class Channel {
  readonly #stream: Duplex;
  readonly #events: ChannelEvents;
  readonly #reader = new FrameReader();
  readonly #pending = new Map<number, Pending>();
  readonly #outbox: Outbox;
  #nextId = 1;
  #heard = true;
  #silentPings = 0;
  #silenceLimit = 0;
  #dropped = 0;
  #pinging: NodeJS.Timeout | undefined;
  #ended: ChannelEnd | undefined;

  constructor(stream: Duplex, events: ChannelEvents) {
    this.#stream = stream;
    this.#outbox = new Outbox(stream);
    this.#events = events;
    stream.on('data', (bytes: Uint8Array) => this.#read(bytes));
    stream.on('end', () => this.#end('ended'));
    stream.on('close', () => this.#end('ended'));
    stream.on('error', () => this.#end('broken'));
  }

  /** Why it ended; `undefined` while it is open. */
  get ended(): ChannelEnd | undefined {
    return this.#ended;
  }

  /** False if what is sent now would have to wait for credit, or there is nobody any more. */
  get hasRoom(): boolean {
    return this.#ended === undefined && this.#outbox.hasRoom;
  }

  /** Notices that were dropped for want of credit. */
  get dropped(): number {
    return this.#dropped;
  }

  /** From now on both sides must show signs of life. Start-up has its own time limit, so it is not begun at once. */
  startPinging({ silence }: { /** Most of it before the other side is given up. */ readonly silence: Milli }): void {
    this.#silenceLimit = Math.ceil(silence / PING_EVERY);
    if (this.#ended !== undefined || this.#pinging !== undefined) return;
    this.#pinging = setInterval(() => this.#ping(), PING_EVERY);
  }

  /**
   * Asks and waits for the answer.
   * @throws GatewayError of the other side, `timed_out`, or `closed` when the channel ends first
   */
  request(message: OutgoingMessage, options: { readonly timeout: Milli }): Promise<WireReply> {
    if (this.#ended !== undefined) return Promise.reject(closedError(this.#ended));
    const id = this.#nextId++;
    return new Promise<WireReply>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new GatewayError('timed_out', `the answer must come in time [request:${message.type}]`));
      }, options.timeout);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send('request', { id, type: message.type, body: message.body }, message.payload);
    });
  }

  /** Tells without an answer. */
  notify(message: OutgoingMessage): void {
    if (this.#ended !== undefined) return;
    this.#send('notice', { type: message.type, body: message.body }, message.payload);
  }

  /** Tells if there is credit; else the notice is dropped and counted. For figures that the next ones replace. */
  notifyIfRoom(message: OutgoingMessage): boolean {
    if (this.#ended !== undefined) return false;
    if (!this.#outbox.hasRoom) {
      this.#dropped++;
      return false;
    }
    this.notify(message);
    return true;
  }

  /** Idempotent. Pending requests are rejected. */
  close(): void {
    this.#end('closed');
  }

  #send(kind: WireKind, header: unknown, payload?: readonly Uint8Array[]): void {
    if (!this.#outbox.send(kind, header, payload)) this.#end('stuck');
  }

  #read(bytes: Uint8Array): void {
    this.#heard = true;
    let frames: WireFrame[];
    try {
      frames = this.#reader.push(bytes);
    } catch {
      // What is wrong does not matter: a stream that lost its framing is of no more use.
      this.#end('garbage');
      return;
    }
    for (const frame of frames) {
      if (this.#ended !== undefined) return;
      this.#take(frame);
    }
  }

  #take(frame: WireFrame): void {
    if (frame.kind === 'ping') return;
    if (frame.kind === 'credit') {
      this.#credit(frame.payload);
      return;
    }
    const parsed = envelope.safeParse(frame.header);
    if (!parsed.success) {
      this.#end('garbage');
      return;
    }
    this.#giveCredit(frame.size);
    const { id = 0, type, body } = parsed.data;
    if (frame.kind === 'notice') this.#events.onNotice({ type, body, payload: frame.payload });
    else if (frame.kind === 'request') void this.#answer(id, { type, body, payload: frame.payload });
    else this.#settle(id, frame.kind, { body, payload: frame.payload });
  }

  async #answer(id: number, message: WireMessage): Promise<void> {
    try {
      const { body, payload } = await this.#events.onRequest(message);
      if (this.#ended === undefined) this.#send('reply', { id, type: message.type, body }, payload);
    } catch (error) {
      if (this.#ended === undefined) this.#send('failure', { id, type: message.type, body: failureBody(error) });
    }
  }

  #settle(id: number, kind: 'reply' | 'failure', reply: WireReply): void {
    const pending = this.#pending.get(id);
    // An answer after its time-out has nobody who waits for it.
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (kind === 'reply') {
      pending.resolve(reply);
      return;
    }
    const { code, message } = failure.safeParse(reply.body).data ?? {
      code: 'internal',
      message: 'no reason was given',
    };
    pending.reject(new GatewayError(code as ErrorCode, message));
  }

  #giveCredit(size: number): void {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(size, 0);
    this.#outbox.sendFree('credit', bytes);
  }

  #credit(payload: Uint8Array): void {
    if (payload.length === 4) this.#outbox.credit(Buffer.from(payload).readUInt32BE(0));
    else this.#end('garbage');
  }

  // Intervals are counted, not time: if this process itself was stopped, one interval has passed and not many.
  #ping(): void {
    this.#silentPings = this.#heard ? 0 : this.#silentPings + 1;
    this.#heard = false;
    if (this.#silentPings >= this.#silenceLimit) this.#end('silent');
    else this.#outbox.sendFree('ping');
  }

  #end(reason: ChannelEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    clearInterval(this.#pinging);
    this.#stream.destroy();
    this.#outbox.clear();
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(closedError(reason));
    }
    this.#pending.clear();
    this.#events.onClose(reason);
  }
}

/** An error as it crosses processes. What is not a GatewayError is a fault of ours and keeps its details to itself. */
export function failureBody(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (error instanceof GatewayError) return { code: error.code, message: error.message };
  return { code: 'internal', message: 'something inside went wrong' };
}

function closedError(reason: ChannelEnd): GatewayError {
  return new GatewayError('worker_lost', `the other process must be there [channel:${reason}]`);
}

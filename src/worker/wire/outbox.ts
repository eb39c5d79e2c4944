import type { Writable } from 'node:stream';
import { frameHead, type WireKind } from './wire.ts';

/** Bytes of frames that may be on their way without having been taken by the other side; one larger frame may go alone. */
export const WIRE_WINDOW = 4 * 1024 * 1024;
/** Bytes that may wait here for credit: some photos at once. More means that the other side hangs. */
export const MAXIMUM_WAITING = 96 * 1024 * 1024;

interface Frame {
  readonly head: Uint8Array;
  readonly payload: readonly Uint8Array[];
  readonly size: number;
}

/** The way out of a channel: frames go in order, as far as the other side gives credit. */
export class Outbox {
  readonly #stream: Writable;
  readonly #waiting: Frame[] = [];
  #waitingBytes = 0;
  #inFlight = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** False if a frame of any size would have to wait. */
  get hasRoom(): boolean {
    return this.#waiting.length === 0 && this.#inFlight < WIRE_WINDOW;
  }

  /**
   * Sends a frame, or lets it wait for credit. The payload's bytes must stay as they are.
   * @returns false if too much waits already: the frame is lost, and the other side is to be given up
   * @throws TypeError if it is over the limits of a frame
   */
  send(kind: WireKind, header: unknown, payload: readonly Uint8Array[] = []): boolean {
    const payloadLength = payload.reduce((sum, part) => sum + part.length, 0);
    const head = frameHead(kind, header, payloadLength);
    const frame: Frame = { head, payload, size: head.length + payloadLength };
    if (this.#waiting.length === 0 && this.#fits(frame)) {
      this.#write(frame);
      return true;
    }
    if (this.#waitingBytes + frame.size > MAXIMUM_WAITING) return false;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.size;
    return true;
  }

  /** Sends a frame that costs no credit: pings, and credit itself. */
  sendFree(kind: WireKind, payload?: Uint8Array): void {
    const head = frameHead(kind, null, payload?.length ?? 0);
    this.#stream.write(payload === undefined ? head : Buffer.concat([head, payload]));
  }

  /** The other side has taken so many bytes. */
  credit(bytes: number): void {
    this.#inFlight = Math.max(0, this.#inFlight - bytes);
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#waitingBytes -= next.size;
      this.#write(next);
    }
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #fits({ size }: Frame): boolean {
    return this.#inFlight === 0 || this.#inFlight + size <= WIRE_WINDOW;
  }

  #write({ head, payload, size }: Frame): void {
    this.#inFlight += size;
    this.#stream.cork();
    this.#stream.write(head);
    for (const part of payload) if (part.length > 0) this.#stream.write(part);
    this.#stream.uncork();
  }
}

import type { Socket } from 'node:net';
import type { Milli } from '../../../../time.ts';
import { canonicalAddress, type Remote } from '../stun/internet-address.ts';
import { frame, FrameReader } from './frame-reader.ts';

/**
 * Bytes that may wait for the kernel, 200 ms of 2.5 Mbit/s. Beyond it packets are dropped: a reader that is slow shall miss
 * frames, not see them ever later, and its session's memory shall not grow.
 */
const MAXIMUM_WAITING = 64 * 1024;
/** Bytes that somebody may send who has proven nothing: a handful of checks. */
const MAXIMUM_UNPROVEN_BYTES = 8 * 1024;
/** Time for the goodbye to leave. */
const FAREWELL: Milli = 1_000;

export interface TcpEvents {
  onPacket(packet: Buffer): void;
  /** Comes once, whoever closed it. */
  onClose(): void;
}

/** One connection of a peer, or of somebody who has yet to prove to be one. */
export class TcpConnection {
  readonly remote: Remote;
  /** Packets that were not sent, since the peer reads too slowly. */
  dropped = 0;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #proven = false;

  constructor(socket: Socket, events: TcpEvents) {
    this.#socket = socket;
    this.remote = { address: canonicalAddress(socket.remoteAddress ?? '') ?? '', port: socket.remotePort ?? 0 };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk, events));
    // What is wrong with it shows in its close, which follows.
    socket.on('error', () => undefined);
    socket.on('close', () => events.onClose());
  }

  /** Whether the peer has proven itself over this connection. */
  get proven(): boolean {
    return this.#proven;
  }

  prove(): void {
    this.#proven = true;
  }

  send(packet: Uint8Array): void {
    if (this.#socket.writableLength > MAXIMUM_WAITING) this.dropped++;
    else if (this.#socket.writable) this.#socket.write(frame(packet));
  }

  /** Lets what waits go out, if it goes soon. Idempotent. */
  close(): void {
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), FAREWELL).unref();
  }

  /** At once. Idempotent. */
  cut(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer, events: TcpEvents): void {
    const packets = this.#reader.push(chunk);
    if (packets === undefined || (!this.#proven && this.#socket.bytesRead > MAXIMUM_UNPROVEN_BYTES)) return this.cut();
    for (const packet of packets) if (!this.#socket.destroyed) events.onPacket(packet);
  }
}

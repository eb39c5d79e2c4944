import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { GatewayError, type ErrorCode } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import type { Access } from '../access/access.ts';
import { isOriginAllowed, type OriginRule } from '../http/origin.ts';
import { retryAfter } from '../http/respond.ts';
import { MAXIMUM_MESSAGE, type ServerMessage } from '../messages.ts';
import { Caller, CLOSE, type CallerOptions } from './caller.ts';

const PATH = '/v1/session';
/** Sockets at once; most sessions that are ever served, and callers who wait to be told that all is full. */
const MAXIMUM_SOCKETS = 512;
/** A socket is asked so often whether somebody is there; one that has not answered by the next time is closed. */
const HEARTBEAT: Milli = 15_000;
/** Bytes waiting for a slow reader above which figures are left out, and above which it is given up. */
const SLOW_READER = 256 * 1024;
const STUCK_READER = 4 * 1024 * 1024;
/** At an orderly end callers have so long to close their side. */
const GOODBYE: Milli = 500;

export interface SignallingOptions extends Omit<CallerOptions, 'permit'> {
  readonly access: Access;
  readonly origins: OriginRule;
}

/** Says what is wrong before the library closes the socket on a message over the limit, which it never buffers. */
class SizedSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (code === CLOSE.tooLarge && this.readyState === WebSocket.OPEN) {
      const message = `a message must have at most ${MAXIMUM_MESSAGE} bytes`;
      sendMessage(this, { type: 'error', code: 'message_too_large', message, fatal: true });
    }
    super.close(code, reason);
  }
}

/** Signalling over WebSocket at `/v1/session` (docs/protocol.md). Owns its sockets and callers. */
export class Signalling {
  readonly #options: SignallingOptions;
  readonly #callers = new Map<WebSocket, Caller>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAXIMUM_MESSAGE,
    perMessageDeflate: false,
    WebSocket: SizedSocket,
  });
  readonly #alive = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;
  #state: 'open' | 'draining' | 'closed' = 'open';

  /** Serves the upgrades of this server. */
  constructor(server: Server, options: SignallingOptions) {
    this.#options = options;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT);
  }

  /** Callers at the moment. */
  get size(): number {
    return this.#callers.size;
  }

  /** No new sockets from now on; callers are told how long they may stay at most. */
  drain(within: Milli): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    for (const socket of this.#callers.keys()) sendMessage(socket, { type: 'draining', within });
  }

  /** Idempotent. Callers are told to come back, their sessions closed. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearInterval(this.#heartbeat);
    const error = new GatewayError('closed', 'the gateway is going; connect again');
    const ends = [...this.#callers].map(([socket, caller]) => {
      sendMessage(socket, { type: 'error', code: error.code, message: error.message, fatal: true, retry: 1000 });
      socket.close(CLOSE.goingAway);
      return caller.close();
    });
    await Promise.allSettled(ends);
    const cut = setTimeout(() => this.#terminateAll(), GOODBYE);
    cut.unref();
    this.#sockets.close();
  }

  #terminateAll(): void {
    for (const socket of this.#callers.keys()) socket.terminate();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?')[0];
    if (this.#state !== 'open') refuse(socket, '503 Service Unavailable', 'closed');
    else if (path !== PATH) refuse(socket, '404 Not Found', 'not_found');
    else if (!isOriginAllowed(request, this.#options.origins)) refuse(socket, '403 Forbidden', 'origin_refused');
    else if (this.#callers.size >= MAXIMUM_SOCKETS) refuse(socket, '503 Service Unavailable', 'capacity_full');
    else this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#accept(accepted, request));
  }

  #accept(socket: WebSocket, request: IncomingMessage): void {
    const { access } = this.#options;
    const caller = new Caller(
      {
        send: (message) => sendMessage(socket, message),
        close: (code) => socket.close(code),
        get hasRoom() {
          return socket.bufferedAmount < SLOW_READER;
        },
      },
      { ...this.#options, permit: (token) => access.permit(request, token) },
    );
    this.#callers.set(socket, caller);
    this.#alive.add(socket);
    socket.on('pong', () => this.#alive.add(socket));
    socket.on('message', (bytes: Buffer, binary: boolean) => {
      // Binary is no message of the protocol; as text it is no JSON, which is what the caller is told.
      caller.receive(binary ? '' : bytes.toString('utf8'));
    });
    // What is wrong with a socket shows in its close, which follows.
    socket.on('error', (error) => this.#options.log.debug({ err: error }, 'socket failed'));
    socket.on('close', () => {
      this.#callers.delete(socket);
      void caller.close();
    });
  }

  #beat(): void {
    for (const socket of this.#callers.keys()) {
      if (!this.#alive.has(socket)) socket.terminate();
      this.#alive.delete(socket);
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }
  }
}

function sendMessage(socket: WebSocket, message: ServerMessage): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (socket.bufferedAmount > STUCK_READER) socket.terminate();
  else socket.send(JSON.stringify(message));
}

/** Answers an upgrade with an HTTP error: there is no WebSocket to say it on. */
function refuse(socket: Duplex, status: string, code: ErrorCode): void {
  const body = JSON.stringify({ error: { code, message: 'the session socket could not be opened' } });
  const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
  if (status.startsWith('503')) headers.push(`Retry-After: ${retryAfter(code)}`);
  socket.end(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
}

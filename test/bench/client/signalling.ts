import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  clientMessageSchema,
  PROTOCOL_VERSION,
  serverMessageSchema,
  type ClientMessage,
  type ServerMessage,
} from '../../../src/api/messages.ts';
import type { Door } from './peer.ts';

type Hello = Extract<ClientMessage, { type: 'hello' }>;
type Of<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

/** The gateway has answered with an error. */
export class Refused extends Error {
  readonly code: string;

  constructor({ code, message }: Of<'error'>) {
    super(`the gateway must not refuse [${code}] ${message}`);
    this.code = code;
  }
}

/** The signalling socket of one caller, by the real protocol. */
export class Signalling implements Door {
  readonly #socket: WebSocket;
  readonly #messages: ServerMessage[] = [];
  readonly #waiting = new Set<() => void>();
  /** Called for every message of the gateway. */
  onMessage: (message: ServerMessage) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text: Buffer) => {
      const message = serverMessageSchema.parse(JSON.parse(text.toString('utf8')));
      this.#messages.push(message);
      this.onMessage(message);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', () => this.#wake());
  }

  /** @param gateway e.g. `http://127.0.0.1:8080` */
  static async open(gateway: string, hello: Omit<Hello, 'type' | 'version'>): Promise<Signalling> {
    const socket = new WebSocket(`${gateway.replace(/^http/, 'ws')}/v1/session`, { origin: gateway });
    await once(socket, 'open');
    const signalling = new Signalling(socket);
    signalling.send({ type: 'hello', version: PROTOCOL_VERSION, ...hello });
    await signalling.next('created');
    return signalling;
  }

  /** Whether the gateway still holds the session. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: ClientMessage): void {
    this.#socket.send(JSON.stringify(clientMessageSchema.parse(message)));
  }

  /** The next message of this type; an error of the gateway, or the socket's end, rejects. */
  async next<Type extends ServerMessage['type']>(type: Type): Promise<Of<Type>> {
    for (;;) {
      const index = this.#messages.findIndex((message) => message.type === type || message.type === 'error');
      const message = index < 0 ? undefined : this.#messages[index];
      this.#messages.splice(0, index + 1);
      if (message?.type === type) return message as Of<Type>;
      if (message?.type === 'error') throw new Refused(message as Of<'error'>);
      if (!this.isOpen) throw new Error(`the gateway must answer [awaited:${type}]`);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
  }

  async offer(sdp: string): Promise<string> {
    this.send({ type: 'offer', sdp });
    return (await this.next('answer')).sdp;
  }

  /** Breaks off without a word, as a network does. */
  cut(): void {
    this.#socket.terminate();
  }

  /** Idempotent. */
  close(): void {
    if (this.isOpen) this.send({ type: 'bye' });
    this.#socket.close();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** Uploads a portrait as an identity, with the consent that public-domain portraits stand in for. */
export async function uploadPhoto(gateway: string, photo: Uint8Array): Promise<string> {
  const consent = { subject: 'public-domain portrait', grantedBy: 'bench', grantedAt: '2026-01-01T00:00:00Z' };
  const response = await fetch(`${gateway}/v1/identities`, {
    method: 'POST',
    headers: { 'x-guise-consent': encodeURIComponent(JSON.stringify(consent)) },
    body: Buffer.from(photo),
  });
  const body = (await response.json()) as { id?: string };
  if (response.status !== 201 || !body.id) throw new Error(`the photo must be accepted: ${JSON.stringify(body)}`);
  return body.id;
}

import { serverMessageSchema, type ClientMessage, type ServerMessage } from '../../../src/api/messages.ts';

/** One WebSocket that speaks the protocol of docs/protocol.md. */
export class Signalling {
  readonly #socket: WebSocket;
  /** Messages said before the socket opened; a session says two or three of them. */
  #waiting: ClientMessage[] = [];

  constructor(url: URL, listener: { onMessage(message: ServerMessage): void; onClose(): void }) {
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => {
      for (const message of this.#waiting) this.#socket.send(JSON.stringify(message));
      this.#waiting = [];
    };
    this.#socket.onmessage = (event: MessageEvent<string>) => {
      const message = serverMessageSchema.safeParse(parse(event.data));
      // A newer gateway may say things this page does not know: they are not for it.
      if (message.success) listener.onMessage(message.data);
    };
    this.#socket.onclose = () => listener.onClose();
  }

  send(message: ClientMessage): void {
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#waiting.push(message);
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Closes without a further `onClose`. */
  close(): void {
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

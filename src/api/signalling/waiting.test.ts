/** The real gateway, with one place. */
import { on, once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { configSchema } from '../../config/config.ts';
import { openGateway, type Gateway } from '../../gateway.ts';
import { createLog } from '../../log.ts';
import { monotonic } from '../../time.ts';
import { serverMessageSchema, type ServerMessage } from '../messages.ts';

process.env['GUISE_LOG'] = 'silent';

let gateway: Gateway;
beforeAll(async () => {
  const config = configSchema.parse({
    port: 0,
    media: { pixelThreads: 1, announce: ['127.0.0.1'] },
    sessions: { maximum: 1, maximumWaiting: 3 },
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
});
afterAll(() => gateway.close());

const sockets: WebSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

/** A caller who has said hello. */
class Line {
  readonly socket: WebSocket;
  readonly #messages: AsyncIterableIterator<unknown[]>;

  static async hello(hello: object = {}): Promise<Line> {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/session`);
    sockets.push(socket);
    await once(socket, 'open');
    const line = new Line(socket);
    socket.send(JSON.stringify({ type: 'hello', version: 1, ...hello }));
    return line;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#messages = on(socket, 'message') as AsyncIterableIterator<unknown[]>;
  }

  /** The next message that is like this; what comes before it is not looked at. */
  async hears(like: Partial<ServerMessage>): Promise<ServerMessage> {
    for (;;) {
      const { value } = (await this.#messages.next()) as { value: [Buffer] };
      const message = serverMessageSchema.parse(JSON.parse(value[0].toString('utf8')));
      if (Object.entries(like).every(([key, wanted]) => message[key as keyof ServerMessage] === wanted)) return message;
    }
  }
}

test('callers who ask for it wait in line, are let in one after the other, and forgotten when they go', async () => {
  const inside = await Line.hello();
  await inside.hears({ type: 'created' });
  const line: Line[] = [];
  for (const position of [1, 2, 3]) {
    const waiting = await Line.hello({ wait: true });
    await waiting.hears({ type: 'waiting', position });
    line.push(waiting);
  }

  // The line is full, and who does not wait is behind all who do.
  for (const wait of [true, false]) {
    const refused = await (await Line.hello({ wait })).hears({ type: 'error' });
    expect(refused).toMatchObject({ code: 'capacity_full', fatal: true });
    expect((refused as { retry: number }).retry).toBeGreaterThan(5_000);
  }
  expect(gateway.status).toMatchObject({ sessions: 1, waiting: 3 });
  line[0]!.socket.close();
  await line[2]!.hears({ type: 'waiting', position: 2 });
  inside.socket.close();

  await line[1]!.hears({ type: 'created' });
  await line[2]!.hears({ type: 'waiting', position: 1 });
  line[1]!.socket.send(JSON.stringify({ type: 'bye' }));
  await line[2]!.hears({ type: 'created' });
  expect(gateway.status).toMatchObject({ sessions: 1, waiting: 0 });
});

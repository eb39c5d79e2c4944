import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { Channel, type ChannelEvents, type WireMessage } from './channel.ts';
import { MAXIMUM_WAITING, WIRE_WINDOW } from './outbox.ts';

const open: (Channel | Socket)[] = [];
afterEach(() => {
  for (const thing of open.splice(0)) {
    if (thing instanceof Channel) thing.close();
    else thing.destroy();
  }
});

/** Two ends of a real Unix socket. */
async function socketPair(): Promise<[Socket, Socket]> {
  const path = join(mkdtempSync(join(tmpdir(), 'guise-wire-')), 's');
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const near = connect(path);
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  open.push(near, far);
  return [near, far];
}

function channel(stream: Socket, events: Partial<ChannelEvents> = {}): Channel {
  const made = new Channel(stream, {
    onRequest: events.onRequest ?? (() => Promise.resolve({})),
    onNotice: events.onNotice ?? (() => undefined),
    onClose: events.onClose ?? (() => undefined),
  });
  open.push(made);
  return made;
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
  );
}

describe('a channel', () => {
  test('answers requests, with bytes both ways', async () => {
    const [near, far] = await socketPair();
    channel(far, {
      onRequest: ({ type, body, payload }) => Promise.resolve({ body: { type, body }, payload: [payload, payload] }),
    });
    const asking = channel(near);

    const reply = await asking.request(
      { type: 'echo', body: [1, 'x'], payload: [Uint8Array.of(1, 2), Uint8Array.of(3)] },
      { timeout: 5000 },
    );

    expect(reply.body).toEqual({ type: 'echo', body: [1, 'x'] });
    expect([...reply.payload]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('carries errors with their code, and keeps the details of a fault inside', async () => {
    const [near, far] = await socketPair();
    channel(far, {
      onRequest: ({ type }) =>
        Promise.reject(type === 'known' ? new GatewayError('no_video', 'needs video') : new Error('secret path')),
    });
    const asking = channel(near);

    await expect(asking.request({ type: 'known' }, { timeout: 5000 })).rejects.toMatchObject({
      code: 'no_video',
      message: 'needs video',
    });
    const fault = asking.request({ type: 'unknown' }, { timeout: 5000 });
    await expect(fault).rejects.toMatchObject({ code: 'internal' });
    await expect(fault).rejects.not.toMatchObject({ message: expect.stringContaining('secret') as string });
  });

  test('rejects what is pending when it closes, and what comes after', async () => {
    const [near, far] = await socketPair();
    channel(far, { onRequest: () => new Promise(() => undefined) });
    let ends = 0;
    const asking = channel(near, { onClose: () => ends++ });
    const pending = codeOf(asking.request({ type: 'never' }, { timeout: 60_000 }));

    asking.close();
    asking.close();

    expect(await pending).toBe('worker_lost');
    expect(await codeOf(asking.request({ type: 'late' }, { timeout: 1000 }))).toBe('worker_lost');
    expect(ends).toBe(1);
  });

  test('gives up a request in time', async () => {
    const [near, far] = await socketPair();
    channel(far, { onRequest: () => new Promise(() => undefined) });

    expect(await codeOf(channel(near).request({ type: 'slow' }, { timeout: 20 }))).toBe('timed_out');
  });

  test('ends on both sides when the other is gone', async () => {
    const [near, far] = await socketPair();
    const ended = new Promise((resolve) => channel(near, { onClose: resolve }));

    far.destroy();

    expect(await ended).toBe('ended');
  });

  test('ends on garbage', async () => {
    const [near, far] = await socketPair();
    const ended = new Promise((resolve) => channel(near, { onClose: resolve }));

    far.write('this is not a frame at all');

    expect(await ended).toBe('garbage');
  });

  test('drops figures at the source when the other side takes nothing, and lets commands wait', async () => {
    const [near, far] = await socketPair();
    const telling = channel(near);
    const figures = { type: 'figures', payload: [new Uint8Array(WIRE_WINDOW / 4)] };

    let sent = 0;
    while (telling.notifyIfRoom(figures)) sent++;
    telling.notify({ type: 'command' });

    expect(sent).toBeLessThanOrEqual(5);
    expect(telling.dropped).toBe(1);

    // Once the other side reads, what waited arrives and there is room again.
    const commands = new Promise<WireMessage>((resolve) => {
      channel(far, { onNotice: (message) => message.type === 'command' && resolve(message) });
    });
    expect((await commands).type).toBe('command');
    await telling.request({ type: 'sync' }, { timeout: 5000 });
    expect(telling.notifyIfRoom(figures)).toBe(true);
  });

  test('is given up as stuck rather than keep an unbounded backlog', async () => {
    const [near] = await socketPair();
    let end: unknown;
    const telling = channel(near, { onClose: (reason) => (end = reason) });
    const large = new Uint8Array(16 * 1024 * 1024);

    for (let sent = 0; sent <= MAXIMUM_WAITING + large.length; sent += large.length) {
      telling.notify({ type: 'large', payload: [large] });
    }

    expect(end).toBe('stuck');
  });
});

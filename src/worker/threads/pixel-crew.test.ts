import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { GatewayError } from '../../errors.ts';
import { createLog } from '../../log.ts';
import type { FromPixel } from '../../session/pixel.ts';
import { sessionSettingsSchema } from '../wire/protocol.ts';
import { PixelCrew, type PixelSeat, type SeatEvents } from './pixel-crew.ts';

process.env['GUISE_LOG'] = 'silent';

const crew = new PixelCrew({ threads: 1, log: createLog('test'), onHopeless: () => undefined });
beforeAll(() => crew.start());
afterAll(() => crew.close());

/** A seat with an open session, and what it hears. */
function take(session: string): { seat: PixelSeat; heard: FromPixel[]; lost: Promise<void> } {
  const heard: FromPixel[] = [];
  let onLost: SeatEvents['onLost'] = () => undefined;
  const lost = new Promise<void>((resolve) => (onLost = resolve));
  const seat = crew.seat(session, { onMessage: (message) => heard.push(message), onLost });
  const settings = sessionSettingsSchema.parse({});
  seat.post({ type: 'open', session, settings, codec: 'vp8', identity: null }, []);
  return { seat, heard, lost };
}

function seatOrCode(session: string): PixelSeat | string {
  try {
    return crew.seat(session, { onMessage: () => undefined, onLost: () => undefined });
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

test('a session that fails leaves the others of its thread alone', async () => {
  const good = take('good');
  const bad = take('bad');

  bad.seat.post({ type: 'identity', session: 'bad', identity: 'mask:nobody' }, []);
  good.seat.post({ type: 'identity', session: 'good', identity: 'mask:gold' }, []);

  await vi.waitUntil(() => good.heard.some(({ type }) => type === 'changed'), PATIENCE);
  expect(bad.heard.find(({ type }) => type === 'failed')).toMatchObject({ code: 'identity_unknown' });
  for (const { seat } of [good, bad]) seat.leave();
});

test('a thread that dies tells its sessions once, and is replaced', async () => {
  const { seat, lost } = take('first');
  const left = take('second');
  let leftLost = false;
  void left.lost.then(() => (leftLost = true));
  left.seat.leave();

  // Nothing that is a message: the thread does not survive it.
  seat.post(null as never, []);
  await lost;

  expect(leftLost).toBe(false);
  expect(seatOrCode('third')).toBe('worker_lost');
  await vi.waitUntil(() => typeof seatOrCode('third') !== 'string', PATIENCE);
  const again = take('fourth');
  again.seat.post({ type: 'identity', session: 'fourth', identity: 'mask:gold' }, []);
  await vi.waitUntil(() => again.heard.some(({ type }) => type === 'changed'), PATIENCE);
});

test('a crew that starts gently starts all its threads, no more at once than half of the cores', async () => {
  let [starting, most, ready] = [0, 0, 0];
  const count = (thread: Worker): void => {
    most = Math.max(most, ++starting);
    thread.once('message', () => {
      starting--;
      ready++;
    });
  };
  process.on('worker', count);
  const gentle = new PixelCrew({ threads: 2, log: createLog('test'), onHopeless: () => undefined });
  try {
    await gentle.start({ gently: true });
    expect(ready).toBe(2);
    expect(most).toBeLessThanOrEqual(Math.max(1, availableParallelism() >> 1));
  } finally {
    process.off('worker', count);
    await gentle.close();
  }
});

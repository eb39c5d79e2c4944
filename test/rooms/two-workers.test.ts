/** Viewers in another media worker than the session that they watch: real processes, real calls. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE } from '../support/patience.ts';
import { configSchema } from '../../src/config/config.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import { createLog } from '../../src/log.ts';
import { monotonic } from '../../src/time.ts';
import { paceStreams, Stream } from '../bench/client/stream.ts';
import { Whip } from '../bench/client/whip.ts';
import { encodedClip } from '../media/clip.ts';
import { Random } from '../media/random.ts';
import { RoomViewer } from './room-viewer.ts';

process.env['GUISE_LOG'] = 'silent';

let gateway: Gateway;
let url: string;
let door: Whip;
let pacing: { stop: () => void };
const viewers: RoomViewer[] = [];

beforeAll(async () => {
  // Before there is a gateway in this process, whose workers would wait for it.
  const clip = await encodedClip({ script: 'talk', width: 320, height: 240 }, 'vp8');
  const config = configSchema.parse({
    port: 0,
    media: { workers: 2, pixelThreads: 2, announce: ['127.0.0.1'] },
    sessions: { maximum: 2 },
    rooms: { viewersAtHome: 1 },
  });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
  url = `http://127.0.0.1:${gateway.port}`;
  door = new Whip(`${url}/whip/stage`);
  const stream = new Stream(clip, door, new Random(1), { keep: false });
  await stream.connect();
  pacing = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
  // The first lives where the session does, the second does not.
  for (let i = 0; i < 2; i++) viewers.push(await RoomViewer.open(`${url}/whep/stage`));
});
afterAll(async () => {
  pacing?.stop();
  for (const viewer of viewers) viewer.leave();
  await gateway?.close();
});

/** Resolves when a viewer has got so many whole pictures more. */
async function pictures(viewer: RoomViewer, more: number): Promise<void> {
  const from = viewer.pictures;
  await expect.poll(() => viewer.pictures, PATIENCE).toBeGreaterThanOrEqual(from + more);
}

const worker = (which: 'home' | 'away'): number =>
  gateway.status.workers.find(({ sessions }) => sessions === (which === 'home' ? 1 : 0))!.pid!;

describe('a viewer in another media worker than the publisher', () => {
  test('gets what those get who are in the same', async () => {
    expect(gateway.status.workers.map(({ viewers: count }) => count)).toEqual([1, 1]);
    const [home, away] = viewers as [RoomViewer, RoomViewer];
    await Promise.all([pictures(home, 30), pictures(away, 30)]);
    expect([home.firstWasKeyframe, away.firstWasKeyframe]).toEqual([true, true]);
  });

  test('does not hold the others up when its worker stands still, and goes on after it', async () => {
    const [home, away] = viewers as [RoomViewer, RoomViewer];
    process.kill(worker('away'), 'SIGSTOP');
    await pictures(home, 10);
    process.kill(worker('away'), 'SIGCONT');
    await pictures(away, 30);
  });

  test('goes with its worker alone', async () => {
    const [home, away] = viewers as [RoomViewer, RoomViewer];
    process.kill(worker('away'), 'SIGKILL');
    await expect.poll(() => away.isThere(), PATIENCE).toBe(false);
    await pictures(home, 30);
    expect(await home.isThere()).toBe(true);
  });

  test('ends with its publisher', async () => {
    await expect.poll(() => gateway.status.workers.length, PATIENCE).toBe(2);
    const late = await RoomViewer.open(`${url}/whep/stage`);
    viewers.push(late);
    await pictures(late, 10);
    expect(gateway.status.workers.map(({ viewers: count }) => count)).toEqual([1, 1]);
    await door.close();
    await expect.poll(() => late.isThere(), PATIENCE).toBe(false);
    expect(gateway.status.workers.map(({ viewers: count }) => count)).toEqual([0, 0]);
  });
});

/** A viewer of H.264 behind a narrow link, beside one who is not: real processes, encoders, calls. */
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
import { Relay } from '../relay/relay.ts';
import { RoomViewer } from './room-viewer.ts';

process.env['GUISE_LOG'] = 'silent';

/** kbit/s: less than the main encoding takes, more than the small one needs. */
const NARROW = 350;

let gateway: Gateway;
let relay: Relay;
let pacing: { stop: () => void };
let near: RoomViewer;
let far: RoomViewer;

beforeAll(async () => {
  // Before there is a gateway in this process, whose workers would wait for it.
  const clip = await encodedClip({ script: 'talk', width: 320, height: 240 }, 'vp8');
  const config = configSchema.parse({ port: 0, media: { pixelThreads: 1, announce: ['127.0.0.1'] } });
  gateway = await openGateway(config, { log: createLog('test'), clock: monotonic });
  const url = `http://127.0.0.1:${gateway.port}`;
  const stream = new Stream(clip, new Whip(`${url}/whip/stage?codec=h264`), new Random(1), { keep: false });
  await stream.connect();
  pacing = paceStreams([{ sendFrame: () => stream.sendFrame(), phase: 0, frameRate: clip.frameRate }]);
  relay = new Relay({ seed: 1, down: { rate: NARROW, queue: 300 } });
  near = await RoomViewer.open(`${url}/whep/stage`, { codec: 'h264' });
  far = await RoomViewer.open(`${url}/whep/stage`, { codec: 'h264', through: (answer) => relay.through(answer) });
});
afterAll(async () => {
  pacing?.stop();
  near?.leave();
  far?.leave();
  relay?.close();
  await gateway?.close();
});

const widthOf = (viewer: RoomViewer, width: number): Promise<void> =>
  expect.poll(() => viewer.width, PATIENCE).toBe(width);

describe('a viewer of H.264 behind a narrow link', () => {
  test('is given a smaller encoding, beside which the other’s goes on', async () => {
    await widthOf(near, 320);
    await widthOf(far, 160);
    const [nearBefore, farBefore] = [near.pictures, far.pictures];
    await expect.poll(() => far.pictures, PATIENCE).toBeGreaterThan(farBefore + 40);
    expect(near.pictures).toBeGreaterThan(nearBefore + 20);
    expect(near.widths).toEqual(new Set([320]));
  });

  test('comes back to the main one when its link has become wider, and goes on in it', async () => {
    relay.start([{ at: 0, down: { rate: Infinity } }]);
    await widthOf(far, 320);
    const before = far.pictures;
    await expect.poll(() => far.pictures, PATIENCE).toBeGreaterThan(before + 40);
    expect(near.widths).toEqual(new Set([320]));
  });
});

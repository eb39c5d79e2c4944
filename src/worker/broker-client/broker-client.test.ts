import { createServer, type Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { createLog } from '../../log.ts';
import type { CropLaneOptions } from '../../swap/neural/crop-lane.ts';
import { monotonic } from '../../time.ts';
import { openLaneSchema, swapSchema } from '../wire/broker-protocol.ts';
import { Channel, type Answer, type WireMessage } from '../wire/channel.ts';
import { BrokerClient } from './broker-client.ts';

process.env['GUISE_LOG'] = 'silent';

const size = 4;
const crop = new Uint8Array(size * size * 3).fill(7);
const source = { hash: 'a'.repeat(64), bytes: Uint8Array.of(1, 2, 3) };
const laneOptions: CropLaneOptions = { recipe: 'tiny', tier: 'paid', tenant: '', frameRate: 30, faces: 1 };

let folder: string;
let path: string;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guise-client-'));
  path = join(folder, 'broker');
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await rm(folder, { recursive: true });
});

/** The other end of the wire. */
function listen(answer: (message: WireMessage) => Promise<Answer>): { server: Server; channels: Channel[] } {
  const channels: Channel[] = [];
  const server = createServer((socket) => {
    channels.push(new Channel(socket, { onRequest: answer, onNotice: () => undefined, onClose: () => undefined }));
  }).listen(path);
  closing.push(() => {
    for (const channel of channels) channel.close();
    server.close();
  });
  return { server, channels };
}

function client(): BrokerClient {
  const made = new BrokerClient(path, { log: createLog('test') });
  closing.push(() => made.close());
  return made;
}

const soon = (): number => monotonic.now() + 20_000;
const opened = { body: { lane: 3, size, level: 0 } };

/** Bytes of sources that come with a frame. */
const bytesOf = ({ body }: WireMessage): number =>
  swapSchema.parse(body).sources.reduce((sum, { bytes }) => sum + bytes, 0);

describe('a connection to the broker', () => {
  test('sends crops, and the source only where it is another than before', async () => {
    const asked: { sourceBytes: number; payload: number }[] = [];
    listen((message) => {
      if (message.type === 'lane') {
        expect(openLaneSchema.parse(message.body).recipe).toBe('tiny');
        return Promise.resolve(opened);
      }
      asked.push({ sourceBytes: bytesOf(message), payload: message.payload.length });
      const face = [message.payload.subarray(0, crop.length), new Uint8Array(size * size).fill(255)];
      return Promise.resolve({ body: { end: 'swapped', size }, payload: face });
    });
    const lane = await client().open(laneOptions);

    const faces = await lane.swap([crop], { sources: [source], deadline: soon() });
    await lane.swap([crop], { sources: [source], deadline: soon() });
    await lane.swap([crop], { sources: [{ ...source, hash: 'b'.repeat(64) }], deadline: soon() });
    await lane.swap([crop, crop], { sources: [source, source], deadline: soon() });

    expect(faces).toHaveLength(1);
    expect([...faces![0]!.rgb]).toEqual([...crop]);
    expect(faces![0]!.mask.every((share) => share === 255)).toBe(true);
    expect(asked).toEqual([
      { sourceBytes: 3, payload: crop.length + 3 },
      { sourceBytes: 0, payload: crop.length },
      { sourceBytes: 3, payload: crop.length + 3 },
      { sourceBytes: 3, payload: 2 * crop.length + 3 },
    ]);
  });

  test('gives frames up while there is no broker, and opens its lanes again at the next', async () => {
    const first = listen((message) =>
      message.type === 'lane' ? Promise.resolve(opened) : new Promise<Answer>(() => undefined),
    );
    const levels: number[] = [];
    const lane = await client().open({ ...laneOptions, onLevel: (level) => levels.push(level) });
    const onWay = lane.swap([crop], { sources: [source], deadline: soon() });

    for (const channel of first.channels) channel.close();
    await new Promise((resolve) => first.server.close(resolve));

    expect(await onWay).toBeUndefined();
    expect(await lane.swap([crop], { sources: [source], deadline: soon() })).toBeUndefined();

    let sourceBytes = 0;
    listen((message) => {
      if (message.type === 'lane') return Promise.resolve({ body: { lane: 9, size, level: 2 } });
      sourceBytes = bytesOf(message);
      return Promise.resolve({ body: { end: 'swapped', size }, payload: [new Uint8Array(size * size * 4)] });
    });
    await vi.waitUntil(async () => (await lane.swap([crop], { sources: [source], deadline: soon() })) !== undefined, {
      timeout: 20_000,
    });
    expect(sourceBytes).toBe(3);
    expect(levels).toEqual([2]);
  });

  test('says why the broker refuses a lane', async () => {
    listen(() => Promise.reject(new GatewayError('recipe_unknown', 'there must be such a recipe')));

    await expect(client().open(laneOptions)).rejects.toMatchObject({ code: 'recipe_unknown' });
  });

  test('lets only so many frames be without answer, and gives them up when the lane closes', async () => {
    listen((message) => (message.type === 'lane' ? Promise.resolve(opened) : new Promise<Answer>(() => undefined)));
    const lane = await client().open(laneOptions);

    const swaps = Array.from({ length: 8 }, () => lane.swap([crop], { sources: [source], deadline: soon() }));
    expect(await lane.swap([crop], { sources: [source], deadline: soon() })).toBeUndefined();
    expect(await lane.swap([crop], { sources: [source], deadline: monotonic.now() - 1 })).toBeUndefined();
    lane.close();

    expect(await Promise.all(swaps)).toEqual(Array.from({ length: 8 }, () => undefined));
  });

  test('a lane that is opened before there is a broker is opened with it', async () => {
    const early = client();
    const lane = await early.open(laneOptions);
    expect(await lane.swap([crop], { sources: [source], deadline: soon() })).toBeUndefined();

    listen((message) =>
      Promise.resolve(
        message.type === 'lane'
          ? opened
          : { body: { end: 'swapped', size }, payload: [new Uint8Array(size * size * 4)] },
      ),
    );
    await vi.waitUntil(async () => (await lane.swap([crop], { sources: [source], deadline: soon() })) !== undefined, {
      timeout: 20_000,
    });
  });
});

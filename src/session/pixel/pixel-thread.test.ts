import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../test/support/patience.ts';
import { sceneOf } from '../../../test/media/clip.ts';
import { psnr } from '../../../test/media/psnr.ts';
import { dropped, PERIOD, PixelRig, talk } from '../../../test/support/pixel-rig.ts';
import { nativeHeld } from '../../codec/native-held.ts';
import { openParts, type OpenParts } from './parts.ts';
import { SEND_CODECS } from '../../media/chunk.ts';
import type { Box } from '../../media/plane.ts';

let real: OpenParts;
beforeAll(async () => {
  real = await openParts();
});

const middle = ({ x, y, width, height }: Box): Box => ({
  x: x + width * 0.2,
  y: y + height * 0.2,
  width: width * 0.6,
  height: height * 0.5,
});

describe('a pixel thread with everything real', () => {
  const realRig = () => new PixelRig(real, { backend: real.backend, createTracker: real.createTracker });

  for (const codec of SEND_CODECS) {
    test(`brings every frame of a ${codec} clip back, swapped, under its own timestamp`, async () => {
      const rig = realRig();
      rig.open('a', {}, codec);
      const clip = talk(12, { codec });
      await rig.play(clip);
      const out = rig.of('chunk');
      expect(out.map(({ chunk }) => chunk.timestamp)).toEqual(clip.map(({ timestamp }) => timestamp));
      expect(out.map(({ chunk }) => chunk.keyframe)).toEqual(clip.map((_, i) => i === 0));
      expect(new Set(out.map(({ outcome }) => outcome))).toEqual(new Set(['swapped']));
      expect(rig.credits()).toBe(clip.length);
      expect(rig.of('face')).toMatchObject([{ event: 'found' }]);
      const figures = rig.figures();
      expect(figures).toMatchObject({
        width: 320,
        height: 180,
        decoded: 12,
        swapped: 12,
        hidden: 0,
        held: 0,
        drops: {},
      });
      expect(Object.keys(figures.stations).sort()).toEqual(['composite', 'copy', 'decode', 'encode', 'swap', 'track']);
      rig.thread.close();
    });
  }

  test('has other threads encode while it works on the next frames, which leave in their order', async () => {
    const [here, aside] = [
      realRig(),
      new PixelRig({ ...real, encodesAside: true }, { backend: real.backend, createTracker: real.createTracker }),
    ];
    const clip = talk(12);
    for (const rig of [here, aside]) {
      rig.open('a', { budget: 500 });
      await rig.play(clip.slice(0, 6));
      // Nobody waits for those before.
      for (const chunk of clip.slice(6)) {
        rig.now += PERIOD;
        rig.put(chunk);
        await nextTurn();
      }
      await rig.thread.idle();
      rig.thread.receive({ type: 'keyframe', session: 'a', encoding: 'main' });
      rig.now += 200;
      rig.thread.tick();
      await rig.thread.idle();
    }
    const sent = (rig: PixelRig) => rig.of('chunk').map(({ chunk }) => [chunk.timestamp, chunk.keyframe]);
    expect(sent(aside).slice(0, 6)).toEqual(sent(here).slice(0, 6));
    expect(sent(aside).at(-1)).toEqual(sent(here).at(-1));
    const times = sent(aside).map(([timestamp]) => timestamp as number);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    for (const rig of [here, aside]) rig.thread.close();
  });

  test('sends nothing any more after the end of a session that another thread encodes for, and frees all', async () => {
    const held = nativeHeld();
    const rig = new PixelRig({ ...real, encodesAside: true });
    rig.open('a', { budget: 500 });
    const clip = talk(6);
    await rig.play(clip.slice(0, 5));
    rig.put(clip[5]!);
    // Until its picture has been given away to be encoded.
    while (rig.figures().swapped < 6) await nextTurn();
    rig.thread.receive({ type: 'close', session: 'a' });
    expect(nativeHeld()).not.toEqual(held);
    await vi.waitFor(() => expect(nativeHeld()).toEqual(held), PATIENCE);
    expect(rig.of('chunk')).toHaveLength(5);
    rig.thread.close();
  });

  test('puts another identity on without losing a frame', async () => {
    const rig = realRig();
    rig.open();
    const clip = talk(20);
    await rig.play(clip.slice(0, 10));
    rig.thread.receive({ type: 'identity', session: 'a', identity: 'mask:gold' });
    expect(rig.of('changed')).toHaveLength(1);
    await rig.play(clip.slice(10));
    const pictures = rig.pictures();
    expect(pictures).toHaveLength(20);
    const { box } = sceneOf({ script: 'talk', width: 320, height: 180 }).truth(9)[0]!;
    const same = psnr(pictures[8]!, pictures[9]!, { within: middle(box) });
    const changed = psnr(pictures[9]!, pictures[10]!, { within: middle(box) });
    expect(changed).toBeLessThan(same - 5);
  });

  test('follows a change of size and back, beginning each with a keyframe', async () => {
    const rig = realRig();
    rig.open();
    const parts = [
      talk(8),
      talk(8, { width: 640, height: 360, first: 8 }),
      talk(8, { width: 322, height: 182, first: 16 }),
    ];
    for (const part of parts) await rig.play(part);
    expect(rig.pictures().map(({ width, height }) => `${width}x${height}`)).toEqual(
      ['320x180', '640x360', '322x182'].flatMap((size) => Array<string>(8).fill(size)),
    );
    expect(rig.of('chunk').flatMap(({ chunk }, i) => (chunk.keyframe ? [i] : []))).toEqual([0, 8, 16]);
    expect(rig.figures()).toMatchObject({ width: 322, height: 182, drops: {} });
  });
});

describe('a pixel thread keeps latency down', () => {
  test('decodes all that is ready together and brings out the newest', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(9);
    await rig.play(clip.slice(0, 4));
    clip.slice(4).forEach((chunk) => rig.put(chunk));
    await rig.thread.idle();
    expect(rig.of('chunk').map(({ chunk }) => chunk.timestamp / 3000)).toEqual([0, 1, 2, 3, 8]);
    expect(rig.figures()).toMatchObject({ decoded: 9, drops: { 'decode:replaced': 4 } });
    expect(rig.credits()).toBe(9);
  });

  test('takes a frame that came in meanwhile instead of the one it has not begun', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(3);
    await rig.play(clip.slice(0, 1));
    rig.post({ type: 'chunk', session: 'a', chunk: { ...clip[2]!, decodable: rig.now } });
    rig.put(clip[1]!);
    await rig.thread.idle();
    expect(rig.of('chunk').map(({ chunk }) => chunk.timestamp / 3000)).toEqual([0, 2]);
  });

  test('ends a frame that it has begun though a newer one came: it is in time, and the newer one follows', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(4);
    await rig.play(clip.slice(0, 2));
    rig.whileTracking = () => {
      rig.whileTracking = () => undefined;
      rig.put(clip[3]!);
    };
    rig.put(clip[2]!);
    await rig.thread.idle();
    expect(rig.of('chunk').map(({ chunk }) => chunk.timestamp / 3000)).toEqual([0, 1, 2, 3]);
  });

  test('does not begin what cannot be in time, holds for 300 ms, then sends it hidden', async () => {
    const rig = new PixelRig(real);
    rig.open('a', { budget: 50 });
    const clip = talk(60);
    await rig.play(clip.slice(0, 10));
    rig.trackFor = 60;
    await rig.play(clip.slice(10));
    const { swapped, hidden, held, drops } = rig.figures();
    expect(swapped).toBe(10);
    expect(held).toBeGreaterThanOrEqual(8);
    expect(hidden).toBeGreaterThan(20);
    expect(swapped + hidden + dropped(rig.figures())).toBe(60);
    expect(Object.keys(drops).every((key) => /:(late|backlog)$/.test(key))).toBe(true);
    // Tracking is tried again now and then, so that better times are noticed.
    rig.trackFor = 0;
    await rig.play(talk(60, { first: 60 }));
    expect(rig.of('chunk').at(-1)!.outcome).toBe('swapped');
  });

  test('decodes a backlog without swapping it', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(32);
    await rig.play(clip.slice(0, 20));
    rig.now += 11 * PERIOD;
    for (const chunk of clip.slice(20)) {
      rig.now += 0.5;
      rig.put(chunk);
      await rig.thread.idle();
    }
    const { drops, decoded } = rig.figures();
    expect(decoded).toBe(32);
    expect(drops['decode:backlog']).toBeGreaterThanOrEqual(4);
    expect(rig.of('chunk').at(-1)!.chunk.timestamp).toBe(31 * 3000);
  });

  test('serves the session whose frame is due first', async () => {
    const rig = new PixelRig(real);
    rig.open('a', { budget: 200 });
    rig.open('b', { budget: 66 });
    const clip = talk(1);
    rig.put(clip[0]!, 'a');
    rig.put(clip[0]!, 'b');
    await rig.thread.idle();
    expect(rig.said.filter(({ type }) => type === 'chunk').map(({ session }) => session)).toEqual(['b', 'a']);
  });
});

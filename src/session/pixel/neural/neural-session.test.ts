import { beforeAll, describe, expect, test } from 'vitest';
import { sceneOf } from '../../../../test/media/clip.ts';
import { psnr } from '../../../../test/media/psnr.ts';
import { LocalLanes, TINY } from '../../../../test/support/local-lanes.ts';
import { middle, outcomes, play, settle, settled, timestamps, until } from '../../../../test/support/neural-play.ts';
import { PERIOD, PixelRig, talk } from '../../../../test/support/pixel-rig.ts';
import { markedPortrait, TEST_CONSENT } from '../../../../test/support/portraits.ts';
import { nativeHeld } from '../../../codec/native-held.ts';
import { GatewayError } from '../../../errors.ts';
import { prepareFound } from '../../../swap/identity/prepare.ts';
import { Embedder } from '../../../swap/neural/embedder.ts';
import { MOST_FLIGHTS } from '../../../swap/neural/neural-swap.ts';
import { sourcesOf } from '../../../swap/neural/sources.ts';
import type { PreparedIdentity } from '../../../swap/swap.ts';
import { LADDER } from '../../../schedule/degradation.ts';
import type { SessionSettings } from '../../settings.ts';
import { openParts, type OpenParts } from '../parts.ts';

let real: OpenParts;
let photo: PreparedIdentity;
beforeAll(async () => {
  real = await openParts();
  const { picture, landmarks } = markedPortrait('astronaut');
  const { identity } = prepareFound(picture, [{ landmarks }], TEST_CONSENT, real.models.geometry);
  photo = { ...identity, sources: await sourcesOf({ photo: picture, landmarks }, [TINY], new Embedder()) };
});

/** A thread with a network, its session `a` wearing the photo by it. */
function rigOf(
  settings: Partial<SessionSettings> = {},
  identity: PreparedIdentity | 'mask:gold' = photo,
  recipe = TINY,
) {
  const lanes = new LocalLanes();
  const { backend, createTracker } = real;
  const rig = new PixelRig(real, { backend, createTracker, networks: { recipes: [recipe], lanes } });
  rig.open('a', { swap: 'tiny', budget: 80, ...settings }, 'vp8', identity);
  return { rig, lanes };
}

describe('a session that is swapped by a network', () => {
  test('brings every frame back swapped, under its own timestamp, and leaves the rest of the picture alone', async () => {
    const { rig, lanes } = rigOf({ label: false });
    await settle(rig, lanes);

    expect(lanes.opened).toMatchObject([{ recipe: 'tiny', faces: 1 }]);
    expect(timestamps(rig)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(outcomes(rig))).toEqual(new Set(['swapped']));
    expect(rig.credits()).toBe(10);
    const scene = sceneOf({ script: 'talk', width: 320, height: 180 });
    const [before, after] = [scene.draw(9).picture, rig.pictures()[9]!];
    const { box } = scene.truth(9)[0]!;
    const around = { x: box.x - 60, y: box.y - 60, width: box.width + 120, height: box.height + 120 };
    expect(psnr(before, after, { without: [around] })).toBeGreaterThan(30);
    expect(psnr(before, after, { within: middle(box) })).toBeLessThan(20);
    rig.thread.close();
  });

  test('goes on with frames of other sessions, and with its own next one, while faces are away', async () => {
    const { rig, lanes } = rigOf({ budget: 300 });
    const clip = await settle(rig, lanes);
    rig.open('b');
    lanes.holds = true;

    await rig.play(clip.slice(0, 1));
    await rig.play(talk(2), 'b');
    await rig.play(clip.slice(1, 2));

    expect(lanes.held).toHaveLength(2);
    expect(timestamps(rig, 'b')).toEqual([0, 1]);
    expect(timestamps(rig).at(-1)).toBe(9);
    for (const held of lanes.held.splice(0)) held.swap();
    await until(() => rig.of('chunk').length === 12);
    expect(timestamps(rig).slice(-2)).toEqual([10, 11]);
    expect(outcomes(rig).slice(-2)).toEqual(['swapped', 'swapped']);
    rig.thread.close();
  });

  test('brings a frame out that has come back while a newer one waits for a model, and ends only when both are over', async () => {
    const held = nativeHeld();
    const lanes = new LocalLanes();
    let waits = false;
    let goOn: (() => void) | undefined;
    const createTracker: typeof real.createTracker = (maximum) => {
      const tracker = real.createTracker(maximum);
      return {
        setMaximum: (most) => tracker.setMaximum(most),
        track: async (picture, at) => {
          if (waits) await new Promise<void>((resolve) => (goOn = resolve));
          return tracker.track(picture, at);
        },
      };
    };
    const rig = new PixelRig(real, { backend: real.backend, createTracker, networks: { recipes: [TINY], lanes } });
    rig.open('a', { swap: 'tiny', budget: 300 }, 'vp8', photo);
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    await rig.play(clip.slice(0, 2));
    waits = true;
    rig.put(clip[2]!);
    await until(() => goOn !== undefined);

    lanes.held[0]!.swap();
    await until(() => timestamps(rig).at(-1) === 10);
    lanes.held[1]!.swap();
    rig.thread.receive({ type: 'close', session: 'a' });
    expect(nativeHeld()).not.toEqual(held);
    goOn!();
    await until(() => JSON.stringify(nativeHeld()) === JSON.stringify(held));
    expect(timestamps(rig).at(-1)).toBe(10);
    rig.thread.close();
  });

  test('cuts a face that is large in the picture more finely, where its recipe says so, until load is too much', async () => {
    const { rig, lanes } = rigOf({ budget: 300 }, photo, { ...TINY, boost: 3, mostCrops: 8 });
    const clip = await settle(rig, lanes);
    lanes.holds = true;

    await rig.play(clip.slice(0, 1));
    lanes.opened[0]!.onLevel!(LADDER.indexOf('smaller crop'));
    await rig.play(clip.slice(1, 2));
    // Every second frame is reposed at this level.
    await rig.play(clip.slice(2, 3));

    expect(lanes.held.map(({ crops }) => crops)).toEqual([4, 1]);
    for (const held of lanes.held.splice(0)) held.swap();
    await until(() => rig.of('chunk').length === 13);
    expect(outcomes(rig).slice(0, 11)).toEqual(Array(11).fill('swapped'));
    const scene = sceneOf({ script: 'talk', width: 320, height: 180 });
    const { box } = scene.truth(10)[0]!;
    expect(psnr(scene.draw(10).picture, rig.pictures()[10]!, { within: middle(box) })).toBeLessThan(20);
    rig.thread.close();
  });

  test('gives a frame up that comes back after a newer one has left', async () => {
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    await rig.play(clip.slice(0, 2));

    lanes.held[1]!.swap();
    await until(() => rig.of('chunk').length === 11);
    lanes.held[0]!.swap();
    await until(() => settled(rig) === 12);

    expect(timestamps(rig).at(-1)).toBe(11);
    expect(rig.figures().drops).toEqual({ 'lane:replaced': 1 });
    rig.thread.close();
  });

  test('asks for its faces so early that they can still be pasted and encoded by the deadline, and sends none late', async () => {
    const { rig, lanes } = rigOf({ budget: 50 });
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    await rig.play(clip.slice(0, 1));
    const decodable = rig.now;

    expect(lanes.held[0]!.deadline).toBeLessThanOrEqual(decodable + 50);
    rig.now += 51;
    lanes.held[0]!.swap();
    await until(() => settled(rig) === 11);

    expect(rig.figures()).toMatchObject({ drops: { 'composite:late': 1 }, held: 1 });
    expect(rig.of('chunk')).toHaveLength(10);
    rig.thread.close();
  });

  test('holds for 300 ms when its faces do not come back, then hides them, and swaps again when they do', async () => {
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.fails = true;
    await play(rig, clip.slice(0, 20));

    const { held, hidden } = rig.figures();
    expect([9, 10]).toContain(held);
    expect(hidden).toBe(20 - held);
    lanes.fails = false;
    await play(rig, clip.slice(20, 25));
    expect(outcomes(rig).slice(-5)).toEqual(Array(5).fill('swapped'));
    const { box } = sceneOf({ script: 'talk', width: 320, height: 180 }).truth(29)[0]!;
    const hiddenAt = outcomes(rig).lastIndexOf('hidden');
    const frame = timestamps(rig)[hiddenAt]!;
    const raw = sceneOf({ script: 'talk', width: 320, height: 180 }).draw(frame).picture;
    expect(psnr(raw, rig.pictures()[hiddenAt]!, { within: middle(box) })).toBeLessThan(25);
    rig.thread.close();
  });

  test('does not wait for a network that stands still: it hides what cannot be sent to it', async () => {
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    await rig.play(clip.slice(0, 20));

    expect(lanes.held).toHaveLength(MOST_FLIGHTS);
    expect(outcomes(rig).slice(10)).not.toContain('swapped');
    expect(outcomes(rig).at(-1)).toBe('hidden');
    for (const held of lanes.held.splice(0)) held.giveUp();
    lanes.holds = false;
    await until(() => rig.figures().drops['lane:replaced'] === MOST_FLIGHTS);
    await play(rig, clip.slice(20, 22));
    expect(outcomes(rig).slice(-2)).toEqual(['swapped', 'swapped']);
    rig.thread.close();
  });

  test('makes a keyframe that is asked for of the last picture sent, while the newest is away', async () => {
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    await rig.play(clip.slice(0, 1));
    rig.thread.receive({ type: 'keyframe', session: 'a' });
    rig.now += 160;
    rig.thread.tick();
    await rig.thread.idle();

    const last = rig.of('chunk').at(-1)!;
    expect(last.chunk).toMatchObject({ keyframe: true, timestamp: 9 * 3000 + 1 });
    const pictures = rig.pictures();
    expect(psnr(pictures.at(-2)!, pictures.at(-1)!)).toBeGreaterThan(30);
    rig.thread.close();
  });

  test('wears painted masks by the mesh', async () => {
    const { rig, lanes } = rigOf({}, 'mask:gold');
    lanes.holds = true;
    await rig.play(talk(10));

    expect(lanes.held).toEqual([]);
    expect(new Set(outcomes(rig))).toEqual(new Set(['swapped']));
    rig.thread.close();
  });

  test('lets go of all it holds when it is closed with frames away', async () => {
    const before = nativeHeld();
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    await rig.play(clip.slice(0, 2));
    const said = rig.said.length;

    rig.thread.receive({ type: 'close', session: 'a' });
    for (const held of lanes.held.splice(0)) held.swap();
    await rig.play(clip.slice(2, 4));

    expect(lanes.closed).toBe(1);
    expect(rig.said).toHaveLength(said);
    expect(nativeHeld()).toEqual(before);
  });

  test('lets every second frame wear the faces of the one before while its lane is degraded so far, counted apart', async () => {
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.opened[0]!.onLevel?.(3);
    const { swapped } = rig.figures();
    await play(rig, clip.slice(0, 12));

    const figures = rig.figures();
    expect(figures).toMatchObject({ level: 3, reused: 6, drops: {}, hidden: 0 });
    expect(figures.swapped - swapped).toBe(6);
    expect(outcomes(rig).slice(-4)).toEqual(['swapped', 'reused', 'swapped', 'reused']);
    // The reused face is where the caller's is now: as far from the caller's own as a swapped one.
    const scene = sceneOf({ script: 'talk', width: 320, height: 180 });
    const far = [20, 21].map((frame) => {
      const within = middle(scene.truth(frame)[0]!.box);
      return psnr(scene.draw(frame).picture, rig.pictures()[frame]!, { within });
    });
    expect(Math.abs(far[0]! - far[1]!)).toBeLessThan(2);
    lanes.opened[0]!.onLevel?.(0);
    await play(rig, clip.slice(12, 16));
    expect(outcomes(rig).slice(-4)).toEqual(Array(4).fill('swapped'));
    rig.thread.close();
  });

  test('swaps fewer faces, sends fewer frames, and at last hides all, as its lane is degraded further', async () => {
    const { rig, lanes } = rigOf({ faces: 4 });
    const clip = await settle(rig, lanes);
    lanes.opened[0]!.onLevel?.(5);
    await play(rig, clip.slice(0, 20));
    const sent = rig.of('chunk').length - 10;
    expect(sent).toBeGreaterThanOrEqual(9);
    expect(sent).toBeLessThanOrEqual(12);
    lanes.opened[0]!.onLevel?.(6);
    await play(rig, clip.slice(20, 30));

    expect(new Set(outcomes(rig).slice(sent + 10))).toEqual(new Set(['hidden']));
    lanes.opened[0]!.onLevel?.(0);
    await play(rig, clip.slice(30, 50));
    expect(outcomes(rig).slice(-10)).toEqual(Array(10).fill('swapped'));
    rig.thread.close();
  });

  test('fails with the code of what it was refused for', async () => {
    const { rig } = rigOf();
    rig.open('b', { swap: 'other' });
    expect(rig.of('failed', 'b')).toMatchObject([{ code: 'recipe_unknown' }]);

    const full = new LocalLanes();
    full.refusal = new GatewayError('capacity_full', 'there must be room');
    const other = new PixelRig(real, { networks: { recipes: [TINY], lanes: full } });
    other.open('a', { swap: 'tiny' });
    await until(() => other.of('failed').length > 0);
    expect(other.of('failed')).toMatchObject([{ code: 'capacity_full' }]);
    expect(other.thread.size).toBe(0);
    rig.thread.close();
  });

  test('sends or counts every frame once, whatever becomes of it', async () => {
    const { rig, lanes } = rigOf();
    const clip = await settle(rig, lanes);
    lanes.holds = true;
    for (const [index, chunk] of clip.entries()) {
      rig.now += PERIOD;
      rig.put(chunk);
      await rig.thread.idle();
      const [held] = lanes.held.splice(0, index % 3 === 0 ? 0 : 1);
      if (index % 5 === 0) held?.giveUp();
      else held?.swap();
    }
    for (const held of lanes.held.splice(0)) held.swap();
    await until(() => settled(rig) === 60);

    expect(rig.credits()).toBe(60);
    const sent = timestamps(rig);
    expect(sent).toEqual([...sent].sort((a, b) => a - b));
    rig.thread.close();
  });
});

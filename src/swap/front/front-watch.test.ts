import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { talkingHead } from '../../../test/media/scripts.ts';
import { Scene, type Script } from '../../../test/media/scene.ts';
import type { ThingName } from '../../../test/media/things.ts';
import { FaceModels } from '../../face/models.ts';
import { ModelStore } from '../../onnx/model-store.ts';
import type { SwappedCrop } from '../swap.ts';
import { createFaceCells, SIDE, type FaceCells } from './face-cells.ts';
import { FrontWatch } from './front-watch.ts';

const SIZE = { width: 480, height: 360 };
const PIXELS = SIZE.width * SIZE.height;
/** Over the mouth and half of a cheek. */
const BEFORE = { x: 0.06, y: 0.17, size: 0.2, roll: -15 };

let models: FaceModels;
let cells: FaceCells;
beforeAll(async () => {
  models = await FaceModels.open(new ModelStore());
  cells = createFaceCells(models.geometry);
});
afterAll(() => models?.close());

/** A mask that covers the whole picture. */
function whole(): SwappedCrop {
  const plane = (size: number): Uint8Array => new Uint8Array(size).fill(255);
  const chroma = { u: plane(0), v: plane(0), chromaMask: plane(PIXELS / 4) };
  return { x: 0, y: 0, ...SIZE, luma: plane(0), lumaMask: plane(PIXELS), ...chroma };
}

/** What is found of a script's frames from `from` to `to`, against what is drawn; shares of the face. */
function play(script: Script, { from, to }: { readonly from: number; readonly to: number }) {
  const scene = new Scene(script, SIZE);
  const watch = new FrontWatch(cells);
  const found = { both: 0, either: 0, wrong: 0, face: 0 };
  for (let frame = 0; frame < to; frame++) {
    const { picture, faces } = scene.draw(frame);
    const { landmarks } = faces[0]!;
    const front = watch.look(picture, { id: 1, landmarks });
    if (frame < from) continue;
    const crop = whole();
    const face = whole();
    if (front) watch.lower(crop, front);
    watch.lower(face, { shares: new Uint8Array(SIDE * SIDE).fill(255), landmarks });
    for (let at = 0; at < PIXELS; at++) {
      if (face.lumaMask[at]! > 128) continue;
      const kept = crop.lumaMask[at]! < 128;
      const covered = scene.covered[at]! > 128;
      found.face++;
      if (kept && covered) found.both++;
      if (kept || covered) found.either++;
      if (kept && !covered) found.wrong++;
    }
  }
  return { agrees: found.both / Math.max(1, found.either), wrong: found.wrong / found.face };
}

/** The talker, before whom a thing lies in these seconds. */
const withThing = (thing: ThingName, when: (second: number) => boolean): Script => ({
  ...talkingHead(),
  things: [{ thing, at: (second) => (when(second) ? BEFORE : undefined) }],
});

describe('what comes before a face', () => {
  test.each(['hair', 'hand', 'glove', 'microphone', 'cup'] as const)('is kept before it: %s', (thing) => {
    const { agrees, wrong } = play(
      withThing(thing, (second) => second > 1.3),
      { from: 45, to: 51 },
    );
    expect(agrees).toBeGreaterThan(0.65);
    expect(wrong).toBeLessThan(0.05);
  });

  test('is not told where it has the colour of the face, and nothing of the face is shown then', () => {
    const { agrees, wrong } = play(
      withThing('own-hand', (second) => second > 1.3),
      { from: 42, to: 50 },
    );
    expect(agrees).toBeLessThan(0.1);
    expect(wrong).toBeLessThan(0.002);
  });

  test('is nothing where somebody talks and turns', () => {
    expect(play(talkingHead(), { from: 0, to: 70 }).wrong).toBe(0);
  });

  test.each(['hand', 'glove', 'cup'] as const)('is not the face that a %s lay before from the start', (thing) => {
    const { wrong } = play(
      withThing(thing, (second) => second < 1.5),
      { from: 46, to: 60 },
    );
    expect(wrong).toBe(0);
  });

  test('is not the face in another light, nor before it has been seen for a second', () => {
    const scene = new Scene(talkingHead(), SIZE);
    const watch = new FrontWatch(cells);
    for (let frame = 0; frame < 60; frame++) {
      const { picture, faces } = scene.draw(frame);
      if (frame > 45) for (let at = 0; at < PIXELS; at++) picture.y[at] = 16 + (picture.y[at]! - 16) * 0.35;
      if (frame > 50) picture.u.fill(150);
      expect(watch.look(picture, { id: 1, landmarks: faces[0]!.landmarks })).toBeUndefined();
    }
    const early = play(
      withThing('glove', () => true),
      { from: 0, to: 30 },
    );
    expect(early).toEqual({ agrees: 0, wrong: 0 });
  });

  test('takes a swap away there only, in both of its masks', () => {
    const scene = new Scene(talkingHead(), SIZE);
    const { landmarks } = scene.draw(0).faces[0]!;
    const shares = new Uint8Array(SIDE * SIDE).fill(255, (SIDE * SIDE) / 2);
    const crop = whole();
    new FrontWatch(cells).lower(crop, { shares, landmarks });
    const [brow, chin] = [105, 200].map((point) => [landmarks[3 * point]!, landmarks[3 * point + 1]!] as const);
    const at = ([x, y]: readonly [number, number], scale: number): number =>
      Math.floor(y * scale) * SIZE.width * scale + Math.floor(x * scale);
    expect([crop.lumaMask[at(brow!, 1)], crop.chromaMask[at(brow!, 0.5)]]).toEqual([255, 255]);
    expect([crop.lumaMask[at(chin!, 1)], crop.chromaMask[at(chin!, 0.5)]]).toEqual([0, 0]);
    expect([crop.lumaMask[0], crop.chromaMask[0]]).toEqual([255, 255]);
  });
});

import { describe, expect, test } from 'vitest';
import { sceneOf } from '../../../../test/media/clip.ts';
import { fivePoints } from '../align/five-points.ts';
import { fitSimilarity } from '../align/similarity.ts';
import { TEMPLATES, templatePoints, type TemplateName } from '../align/templates.ts';
import { boxMask } from './box-mask.ts';
import { FaceMask, PLAIN_MASK, type MaskLook } from './face-mask.ts';
import { createFaceShape, placeShape } from './face-shape.ts';
import { SteadyMasks } from './steady-masks.ts';

const SIZE = 128;
const WHOLE = new Uint8Array(SIZE * SIZE).fill(255);

/** A face of a generated picture, in its crop. */
function talker(template: TemplateName) {
  const { landmarks } = sceneOf({ script: 'talk', width: 640, height: 480 }).draw(0).faces[0]!;
  const toCrop = fitSimilarity(fivePoints(landmarks), templatePoints(template, SIZE))!;
  const shape = createFaceShape();
  placeShape(landmarks, toCrop, shape);
  const at = (point: number): number => {
    const [x, y] = [landmarks[point * 3]!, landmarks[point * 3 + 1]!];
    const { a, b, tx, ty } = toCrop;
    return Math.round(b * x + a * y + ty) * SIZE + Math.round(a * x - b * y + tx);
  };
  return { shape, at };
}

const { shape, at } = talker('arcface_128');
const shaped = (mask: Uint8Array, look: Partial<MaskLook>): Uint8Array =>
  new FaceMask(SIZE).shape(mask, shape, { size: SIZE, look: { ...PLAIN_MASK, ...look } }).slice();
const [NOSE, LIP, CHEEK, FOREHEAD] = [4, 13, 205, 151];
const [LOWER_LIP, LEFT_EYE, RIGHT_EYE] = [17, 33, 263];
const mean = (mask: Uint8Array): number => mask.reduce((sum, value) => sum + value, 0) / mask.length / 255;

describe('the mask of a face', () => {
  test('stays as the networks give it where nothing is asked for', () => {
    expect(new FaceMask(SIZE).shape(WHOLE, shape, { size: SIZE, look: PLAIN_MASK })).toBe(WHOLE);
  });

  test('ends with the face, softly and inside it, and covers nothing more than before', () => {
    const half = WHOLE.map((_, k) => (k % SIZE < 64 ? 255 : 100));
    const hull = shaped(half, { hull: true });

    expect([NOSE, CHEEK, FOREHEAD].map((point) => hull[at(point)]! >= 100)).toEqual([true, true, true]);
    expect([0, SIZE - 1, SIZE * (SIZE - 1), SIZE * SIZE - 1].map((corner) => hull[corner])).toEqual([0, 0, 0, 0]);
    expect(hull.every((value, k) => value <= half[k]!)).toBe(true);
    expect(new Set(hull).size).toBeGreaterThan(20);
  });

  test('is the same shape in an enhanced crop', () => {
    const large = new FaceMask(2 * SIZE).shape(new Uint8Array(4 * SIZE * SIZE).fill(255), shape, {
      size: SIZE,
      look: { ...PLAIN_MASK, hull: true },
    });
    // Its soft edge is as many pixels wide, so narrower.
    expect(mean(large)).toBeGreaterThan(mean(shaped(WHOLE, { hull: true })));
    expect(mean(large) - mean(shaped(WHOLE, { hull: true }))).toBeLessThan(0.12);
  });

  test('lets as much of the mouth through as is asked for, and nothing else', () => {
    const [kept, half] = [shaped(WHOLE, { mouth: 1 }), shaped(WHOLE, { mouth: 0.5 })];

    expect(kept[at(LIP)]).toBeLessThan(40);
    expect(Math.abs(half[at(LIP)]! - (255 + kept[at(LIP)]!) / 2)).toBeLessThan(3);
    expect([NOSE, CHEEK, FOREHEAD].map((point) => kept[at(point)])).toEqual([255, 255, 255]);
  });

  test('ends earlier and more softly at the edge where that is asked for, and the mouth stays covered with every template', () => {
    const plain = boxMask(SIZE);
    const padded = shaped(plain, { padding: 0.1 });
    const soft = shaped(plain, { blur: 0.4 });
    const middle = (mask: Uint8Array) => mask.subarray((SIZE * SIZE) / 2, (SIZE * SIZE) / 2 + SIZE);
    const reaches = (mask: Uint8Array, least: number) => middle(mask).findIndex((value) => value >= least);

    // Half way up lies a tenth of the side further in.
    expect(Math.abs(reaches(padded, 128) - reaches(plain, 128) - 0.1 * SIZE)).toBeLessThanOrEqual(1);
    expect(reaches(soft, 240) - reaches(soft, 16)).toBeGreaterThan(reaches(plain, 240) - reaches(plain, 16));
    for (const template of TEMPLATES) {
      const { shape, at } = talker(template);
      const look = { ...PLAIN_MASK, padding: 0.1, blur: 0.4 };
      const most = new FaceMask(SIZE).shape(plain, shape, { size: SIZE, look });
      expect(most.every((value, k) => value <= plain[k]!)).toBe(true);
      for (const point of [NOSE, LIP, LOWER_LIP, LEFT_EYE, RIGHT_EYE])
        expect(most[at(point)]! / plain[at(point)]!).toBeGreaterThan(0.7);
    }
  });

  test('under strictness is not believed where it would show most of the face', () => {
    const nothing = new Uint8Array(SIZE * SIZE);
    const hand = WHOLE.map((_, k) => (k % SIZE < 48 ? 0 : 255));

    expect(mean(shaped(nothing, {}))).toBe(0);
    const covered = shaped(nothing, { strict: true });
    expect([NOSE, LIP, CHEEK].map((point) => covered[at(point)]! > 250)).toEqual([true, true, true]);
    expect(Buffer.compare(shaped(hand, { strict: true }), hand)).toBe(0);
  });

  test('is the same wherever the outline of the face leaves the crop', () => {
    const away = { oval: shape.oval.map((value) => value - 300), lips: shape.lips.map((value) => value + 400) };
    const look = { ...PLAIN_MASK, hull: true, mouth: 1, strict: true };
    expect(mean(new FaceMask(SIZE).shape(WHOLE, away, { size: SIZE, look }))).toBe(0);
  });
});

test('masks of a face follow what networks say, noise less than all of it, each face for itself', () => {
  const masks = new SteadyMasks();
  const of = (value: number): Uint8Array => new Uint8Array(4).fill(value);
  expect(masks.follow(1, of(100))).toEqual(of(100));
  masks.follow(2, of(0));

  expect(masks.follow(1, of(200))).toEqual(of(160));
  for (let frame = 0; frame < 8; frame++) masks.follow(1, of(200));
  expect(masks.follow(1, of(200))).toEqual(of(200));
  expect(masks.follow(2, of(10))).toEqual(of(6));

  masks.keep([2]);
  expect(masks.follow(1, of(7))).toEqual(of(7));
  expect(masks.follow(2, new Uint8Array(9))).toHaveLength(9);
});

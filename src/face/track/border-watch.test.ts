import { expect, test } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { allocI420, type I420 } from '../../media/plane.ts';
import { BorderWatch } from './border-watch.ts';

/** A room with camera noise; something dark covers `from`–`to` of its columns. */
function room(random: Random, from = 0, to = 0): I420 {
  const picture = allocI420(640, 360);
  for (let row = 0; row < 360; row++)
    for (let column = 0; column < 640; column++)
      picture.y[row * 640 + column] = (column >= from && column < to ? 60 : 130) + Math.round(2 * random.normal());
  return picture;
}

test('a still room with camera noise does not stir', () => {
  const random = new Random(1);
  const watch = new BorderWatch();
  for (let frame = 0; frame < 20; frame++) expect(watch.look(room(random))).toEqual([]);
});

test('what comes in at the right stirs there, with a box to the edge around it', () => {
  const random = new Random(2);
  const watch = new BorderWatch();
  for (let frame = 0; frame < 10; frame++) watch.look(room(random));
  const [stir, ...others] = watch.look(room(random, 600, 640));
  expect(others).toEqual([]);
  expect(stir!.side).toBe('right');
  expect(stir!.box.x).toBeLessThanOrEqual(604);
  expect(stir!.box.x + stir!.box.width).toBe(640);
});

test('what moves in the middle does not stir, and what stays at an edge is forgotten', () => {
  const random = new Random(3);
  const watch = new BorderWatch();
  for (let frame = 0; frame < 10; frame++) watch.look(room(random, 250, 300));
  expect(watch.look(room(random, 300, 350))).toEqual([]);
  expect(watch.look(room(random, 0, 60))).toHaveLength(1);
  for (let frame = 0; frame < 60; frame++) watch.look(room(random, 0, 60));
  expect(watch.look(room(random, 0, 60))).toEqual([]);
});

test('what moves below the chin of whoever is followed does not stir', () => {
  const random = new Random(4);
  const watch = new BorderWatch();
  for (let frame = 0; frame < 10; frame++) watch.look(room(random), 100);
  expect(watch.look(room(random, 600, 640), 15)).toEqual([]);
  const [stir] = watch.look(room(random, 600, 640), 200);
  expect(stir!.box.y + stir!.box.height).toBeLessThanOrEqual(200);
});

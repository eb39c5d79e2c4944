import { expect, test } from 'vitest';
import { BoostChoice } from './boost-choice.ts';

const room = { most: Infinity, crops: 64 };
const face = (scale: number, id = 1) => [{ id, scale }];

test('cuts a face as finely as the picture shows it, and no finer than allowed', () => {
  const at = (scale: number) => new BoostChoice(4).choose(face(scale), room)[0];
  expect([0.3, 1, 1.1, 1.4, 2, 2.5, 3.9, 9].map(at)).toEqual([1, 1, 1, 2, 2, 3, 4, 4]);
  expect(new BoostChoice(1).choose(face(5), room)).toEqual([1]);
  expect(new BoostChoice(4).choose(face(5), { ...room, most: 2 })).toEqual([2]);
});

test('keeps what it has while a face hovers at a border, and forgets one that has left', () => {
  const choice = new BoostChoice(4);
  const hovering = [2, 2.2, 1.95, 2.24, 1.0, 0.95].map((scale) => choice.choose(face(scale), room)[0]);
  expect(hovering).toEqual([2, 2, 2, 2, 2, 2]);
  expect(choice.choose(face(0.85), room)).toEqual([1]);
  expect(choice.choose(face(1.2), room)).toEqual([1]);
  choice.choose([], room);
  expect(choice.choose(face(1.2), room)).toEqual([2]);
});

test('lets the finest give way where a frame may not have so many crops', () => {
  const faces = [...face(3, 1), ...face(1, 2), ...face(2, 3)];
  expect(new BoostChoice(4).choose(faces, { ...room, crops: 14 })).toEqual([3, 1, 2]);
  expect(new BoostChoice(4).choose(faces, { ...room, crops: 9 })).toEqual([2, 1, 2]);
  expect(new BoostChoice(4).choose(faces, { ...room, crops: 3 })).toEqual([1, 1, 1]);
  expect(new BoostChoice(4).choose(faces, { ...room, crops: 1 })).toEqual([1, 1, 1]);
});

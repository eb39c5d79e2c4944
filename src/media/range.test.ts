import { expect, it } from 'vitest';
import { allocI420 } from './plane.ts';
import { fullToLimited } from './range.ts';

it('maps full range to limited range: black, white, and colours around their middle', () => {
  const picture = allocI420(4, 2);
  picture.y.set([0, 255, 128, 51, 0, 255, 1, 254]);
  picture.u.set([0, 255]);
  picture.v.set([128, 64]);
  fullToLimited(picture);
  expect([...picture.y]).toEqual([16, 235, 126, 60, 16, 235, 17, 234]);
  expect([...picture.u]).toEqual([16, 240]);
  expect([...picture.v]).toEqual([128, 72]);
});

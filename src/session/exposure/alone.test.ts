import { expect, test } from 'vitest';
import type { TrackedFace } from '../../face/face.ts';
import { isAlone } from './alone.ts';
import { headOf } from './head.ts';

const at = (id: number, x: number): TrackedFace => ({
  id,
  box: { x, y: 100, width: 100, height: 120 },
  landmarks: new Float32Array(0),
  pose: { yaw: 0, pitch: 0, roll: 0 },
  score: 1,
});
const face = at(1, 200);
const whole = { face, strength: 1, head: headOf(face.box, 'mesh'), covered: false };
const clear = { hideAll: false, hide: [] };

test('a face is alone where it is swapped whole and no other head, swapped or hidden, is near', () => {
  expect(isAlone(whole, { tracked: [face, at(2, 400)] }, clear)).toBe(true);

  expect(isAlone(whole, { tracked: [face, at(2, 330)] }, clear)).toBe(false);
  expect(isAlone(whole, { tracked: [at(2, 80), face] }, clear)).toBe(false);
  expect(isAlone(whole, { tracked: [face] }, { ...clear, hide: [headOf(at(0, 400).box, 'detector')] })).toBe(false);
  expect(isAlone(whole, { tracked: [face] }, { ...clear, hideAll: true })).toBe(false);
  expect(isAlone({ ...whole, strength: 0.9 }, { tracked: [face] }, clear)).toBe(false);
  expect(isAlone({ ...whole, covered: true }, { tracked: [face] }, clear)).toBe(false);
});

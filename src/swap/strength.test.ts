import { expect, test } from 'vitest';
import { swapStrength } from './strength.ts';

const pose = (yaw: number, pitch = 0): { yaw: number; pitch: number; roll: number } => ({ yaw, pitch, roll: 0 });

test('a face that looks near the camera is shown with all its opacity', () => {
  expect(swapStrength(pose(0), 1)).toBe(1);
  expect(swapStrength(pose(29, -20), 1)).toBe(1);
  expect(swapStrength(pose(-10), 0.4)).toBeCloseTo(0.4);
});

test('the swap fades to nothing towards profile, on either side', () => {
  expect(swapStrength(pose(36), 1)).toBeCloseTo(0.5);
  expect(swapStrength(pose(-36), 1)).toBeCloseTo(0.5);
  expect(swapStrength(pose(42), 1)).toBe(0);
  expect(swapStrength(pose(-90), 1)).toBe(0);
  expect(swapStrength(pose(0, 50), 1)).toBe(0);
});

test('a pose that is not known shows nothing', () => {
  expect(swapStrength(pose(Number.NaN), 1)).toBe(0);
});

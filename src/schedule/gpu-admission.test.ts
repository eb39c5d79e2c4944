import { expect, test } from 'vitest';
import { admitToGpu } from './gpu-admission.ts';

test('a session must fit on one GPU; room on two is none', () => {
  expect(admitToGpu(0.3, [0.9, 0.5])).toBe('fits');
  expect(admitToGpu(0.4, [0.5, 0.5])).toBe('full');
});

test('what no GPU could ever take is not waited for', () => {
  expect(admitToGpu(0.86, [0, 0])).toBe('never');
});

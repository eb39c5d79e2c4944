import { expect, test } from 'vitest';
import { admitToGpu } from './gpu-admission.ts';

test('a session must fit on one GPU; room on two is none', () => {
  expect(admitToGpu(0.3, { loads: [0.9, 0.5], awaited: 0 })).toEqual({ kind: 'accept' });
  expect(admitToGpu(0.4, { loads: [0.5, 0.5], awaited: 0 })).toEqual({ kind: 'refuse', retryAfter: 5_000 });
});

test('who is refused comes back after those who were refused before, within a minute', () => {
  expect(admitToGpu(0.4, { loads: [0.5], awaited: 2 })).toEqual({ kind: 'refuse', retryAfter: 7_000 });
  expect(admitToGpu(0.4, { loads: [0.5], awaited: 1000 })).toEqual({ kind: 'refuse', retryAfter: 60_000 });
});

test('what no GPU could ever take is sent away for longest', () => {
  expect(admitToGpu(0.86, { loads: [0, 0], awaited: 0 })).toEqual({ kind: 'refuse', retryAfter: 60_000 });
});

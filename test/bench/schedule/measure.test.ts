import { expect, it } from 'vitest';
import { measure } from './measure.ts';

it('tells what frames waited beyond their arrival and the batch before them on their worker', () => {
  const jobs = [
    { stream: 0, release: 0, deadline: 50 },
    { stream: 1, release: 2, deadline: 50 },
    { stream: 2, release: 3, deadline: 50 },
  ];
  const waits = (start: number): number =>
    measure(jobs, [
      { worker: 0, start: 0, end: 10, jobs: [0] },
      { worker: 0, start, end: start + 10, jobs: [1, 2] },
    ]).ownP99;

  expect(waits(10)).toBe(0);
  expect(waits(14)).toBe(4);
  // Of a worker that was free all along they waited since they came.
  expect(measure(jobs, [{ worker: 1, start: 9, end: 19, jobs: [1] }]).ownP99).toBe(7);
});

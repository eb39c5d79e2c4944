import { expect, test } from 'vitest';
import { CostTable } from './cost/cost-table.ts';
import { admitToGpu, gpuLoad } from './gpu-admission.ts';

const costs = new CostTable({ recipes: 2, workersPerGpu: 2, maximumBatch: 4 });
costs.profile({
  recipe: 0,
  table: [
    { batch: 1, p50: 4, p99: 4.4 },
    { batch: 4, p50: 8, p99: 9 },
  ],
});
costs.profile({
  recipe: 0,
  busy: 2,
  table: [
    { batch: 1, p50: 6, p99: 7 },
    { batch: 4, p50: 10, p99: 11 },
  ],
});
const session = { recipe: 0, frameRate: 30, faces: 1 };
const room = { costs, loads: [0.5, 0.9], queued: 0, mostQueued: 2 };

test('a session costs its crops at the best rate that all workers of a GPU reach together', () => {
  expect(gpuLoad(costs, session)).toBeCloseTo(0.03 / 0.8);
});

test('accepts what fits on one GPU, queues what does not, refuses what would wait behind too many', () => {
  expect(admitToGpu(session, room)).toEqual({ kind: 'accept' });
  expect(admitToGpu(session, { ...room, queued: 1 })).toEqual({ kind: 'queue', position: 2 });
  expect(admitToGpu(session, { ...room, loads: [0.84, 0.84] })).toEqual({ kind: 'queue', position: 1 });
  expect(admitToGpu(session, { ...room, loads: [0.84], queued: 2 })).toEqual({ kind: 'refuse', retryAfter: 7_000 });
});

test('refuses what no GPU could ever take, and a recipe that nothing is known of', () => {
  expect(admitToGpu({ ...session, faces: 40 }, room).kind).toBe('refuse');
  expect(admitToGpu({ ...session, recipe: 1 }, room).kind).toBe('refuse');
});

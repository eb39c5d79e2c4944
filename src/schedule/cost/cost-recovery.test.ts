/** What a cost table that is wrong does to streams: for a while it refuses them, never for good. */
import { expect, test } from 'vitest';
import { FrameScheduler } from '../frame-scheduler.ts';
import { BatchView } from '../frames/batch-view.ts';
import { CostTable } from './cost-table.ts';

const PERIOD = 1000 / 30;
const BUDGET = 80;

interface Run {
  /** Levels that the stream was told. */
  readonly levels: number[];
  /** By second: frames that were done by their deadline. */
  readonly inTime: number[];
}

/** One stream at 30 fps on one worker, for so many seconds. @param takes what a batch takes really */
function run(costs: CostTable, { seconds, takes, budget }: { seconds: number; takes: number; budget: number }): Run {
  const levels: number[] = [];
  const frames = new FrameScheduler({
    ...{ costs, gpus: 1, workersPerGpu: 1, lanes: 1, onDrop: () => undefined },
    onLevel: (_, level) => levels.push(level),
  });
  const lane = frames.openLane({ recipe: 0, tier: 0, tenant: 0, frameRate: 30, faces: 1 });
  const batch = new BatchView(1);
  const inTime = Array<number>(seconds).fill(0);
  let free = 0;
  for (let frame = 0; frame < seconds * 30; frame++) {
    const now = frame * PERIOD;
    frames.offer(lane, frame, { crops: 1, deadline: now + budget, now });
    const start = Math.max(now, free);
    if (start >= now + PERIOD || !frames.take(0, start, batch)) continue;
    free = start + takes;
    frames.finished(0, free, takes);
    if (free <= now + budget) inTime[Math.floor(now / 1000)]!++;
  }
  return { levels, inTime };
}

function profiled({ p50, p99 }: { p50: number; p99: number }): CostTable {
  const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: 1 });
  costs.profile({ recipe: 0, table: [{ batch: 1, p50, p99 }] });
  return costs;
}

test('a profile during which the machine once stood still costs no frame', () => {
  const { inTime, levels } = run(profiled({ p50: 4, p99: 700 }), { seconds: 3, takes: 4, budget: BUDGET });
  expect(inTime).toEqual([30, 30, 30]);
  expect(levels).toEqual([]);
});

test('a profile that was made on a busy machine is found out', () => {
  const { inTime } = run(profiled({ p50: 400, p99: 700 }), { seconds: 10, takes: 4, budget: BUDGET });
  expect(inTime[0]).toBe(0);
  expect(inTime.slice(-4)).toEqual([30, 30, 30, 30]);
});

test('batches that take five times as long from one day on are learned, not taken for spikes', () => {
  const costs = profiled({ p50: 4, p99: 5 });
  run(costs, { seconds: 3, takes: 20, budget: BUDGET });
  expect(costs.p50(0, 1)).toBeCloseTo(20, 0);
});

test('one long batch is a spike, and teaches nothing', () => {
  const costs = profiled({ p50: 4, p99: 4 });
  for (const duration of [40, 4, 40, 40, 4]) costs.observe(0, 1, { busy: 1, duration });
  expect(costs.p50(0, 1)).toBe(4);
});

test('a stream whose frames come too late as they are is not taken for one that the GPU is too busy for', () => {
  const { inTime, levels } = run(profiled({ p50: 20, p99: 20 }), { seconds: 6, takes: 20, budget: 10 });
  expect(inTime).toEqual([0, 0, 0, 0, 0, 0]);
  expect(levels).toEqual([]);
});

import { expect, test } from 'vitest';
import { CostTable } from './cost/cost-table.ts';
import { FrameScheduler } from './frame-scheduler.ts';
import { BatchView } from './frames/batch-view.ts';

test('a lane is owed again what came too late, so that bad luck costs it no more than others', () => {
  const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: 1 });
  costs.profile({ recipe: 0, table: [{ batch: 1, p50: 10, p99: 10 }] });
  const frames = new FrameScheduler({ costs, gpus: 1, workersPerGpu: 1, lanes: 6, onDrop: () => undefined });
  const lanes = Array.from({ length: 6 }, () =>
    frames.openLane({ recipe: 0, tier: 0, tenant: 0, frameRate: 30, faces: 1 }),
  );
  const batch = new BatchView(1);
  const served = lanes.map(() => 0);
  const inTime = lanes.map(() => 0);
  const deadlines = lanes.map(() => 0);
  let running: { lane: number; deadline: number; took: number; ends: number } | undefined;
  for (let now = 0; now < 30_000; now++) {
    if (running !== undefined && running.ends <= now) {
      frames.finished(0, now, running.took);
      if (now <= running.deadline) inTime[running.lane]!++;
      running = undefined;
    }
    for (const lane of lanes) {
      if (now % 33 !== 5 * lane) continue;
      deadlines[lane] = now + 33;
      frames.offer(lane, now, { crops: 1, deadline: now + 33, now });
    }
    if (running !== undefined || !frames.take(0, now, batch)) continue;
    const lane = batch.lanes[0]!;
    // Every second frame of the first lane takes longer than it has.
    const took = lane === lanes[0] && served[lane]!++ % 2 === 1 ? 40 : 10;
    running = { lane, deadline: deadlines[lane]!, took, ends: now + took };
  }

  const others = inTime.slice(1).reduce((sum, count) => sum + count, 0) / 5;
  expect(inTime[0]! / others).toBeGreaterThan(0.75);
});

import { CostTable } from '../../../../src/schedule/cost/cost-table.ts';
import { FrameScheduler } from '../../../../src/schedule/frame-scheduler.ts';
import type { TierOptions } from '../../../../src/schedule/scheduler-options.ts';
import { BatchView } from '../../../../src/schedule/frames/batch-view.ts';
import type { BatchTimes } from '../profiles.ts';
import type { Policy } from '../simulate.ts';
import type { Trace } from '../trace.ts';

export interface GuiseOptions {
  readonly times: BatchTimes;
  readonly gpus?: number;
  readonly tiers?: readonly TierOptions[];
  /** p99 ÷ p50 − 1 of the profile, as it would be measured; default 0. */
  readonly spread?: number;
  /** Frames of one stream that may wait: one, the newest, in a session; more for a trace whose frames are all wanted. */
  readonly depth?: number;
}

/** The scheduler of src/schedule, as the simulator drives it: what runs in a broker, with nothing of its own. */
export function guisePolicy({ jobs, tiers: tierOf }: Trace, options: GuiseOptions): Policy {
  const { times, gpus = 1, spread = 0, depth = 1 } = options;
  const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: times.length });
  costs.profile({ recipe: 0, table: times.map((p50, i) => ({ batch: i + 1, p50, p99: p50 * (1 + spread) })) });
  const streams = new Map<number, number[]>();
  const waiting = new Map<number, number>();
  const scheduler = new FrameScheduler({
    costs,
    gpus,
    workersPerGpu: 1,
    lanes: new Set(jobs.map(({ stream }) => stream)).size * depth,
    ...(options.tiers && { tiers: options.tiers }),
    onDrop: (lane) => waiting.delete(lane),
  });
  const batch = new BatchView(times.length);
  /** An empty lane of the stream, a new one if it may have more, else the one whose frame has waited longest. */
  const laneFor = (job: number): number => {
    const { stream, crops: faces = 1 } = jobs[job]!;
    const lanes = streams.get(stream) ?? [];
    streams.set(stream, lanes);
    const empty = lanes.find((lane) => !waiting.has(lane));
    if (empty !== undefined) return empty;
    if (lanes.length === depth) return lanes.reduce((a, b) => (waiting.get(b)! < waiting.get(a)! ? b : a));
    const beside = lanes[0];
    const tier = tierOf?.[stream] ?? 0;
    const lane = scheduler.openLane({
      recipe: 0,
      tier,
      tenant: 0,
      frameRate: 30,
      faces,
      ...(lanes.length > 0 && { beside: beside! }),
    });
    lanes.push(lane);
    return lane;
  };
  return {
    offer: (job, now) => {
      const { deadline, crops = 1 } = jobs[job]!;
      const lane = laneFor(job);
      waiting.delete(lane);
      waiting.set(lane, job);
      scheduler.offer(lane, job, { crops, deadline, now });
    },
    take: (worker, now) => {
      if (!scheduler.take(worker, now, batch)) return [];
      for (let i = 0; i < batch.size; i++) waiting.delete(batch.lanes[i]!);
      return Array.from(batch.frames.subarray(0, batch.size));
    },
    wakeAt: (worker, now) => scheduler.wakeAt(worker, now),
    finished: (worker, now, duration) => scheduler.finished(worker, now, duration),
  };
}

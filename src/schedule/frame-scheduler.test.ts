import { describe, expect, test } from 'vitest';
import { CostTable } from './cost/cost-table.ts';
import { FrameScheduler } from './frame-scheduler.ts';
import type { FrameSchedulerOptions } from './scheduler-options.ts';
import { BatchView } from './frames/batch-view.ts';

const TIMES = [3.6, 4.9, 6.3, 6.7, 8.1, 9.5, 10.5, 11.5];
const PERIOD = 1000 / 30;

/** A seeded stream of numbers in 0–1. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function costTable({ recipes = 1, workersPerGpu = 1 } = {}): CostTable {
  const costs = new CostTable({ recipes, workersPerGpu, maximumBatch: TIMES.length });
  for (let recipe = 0; recipe < recipes; recipe++)
    costs.profile({ recipe, table: TIMES.map((p50, i) => ({ batch: i + 1, p50, p99: p50 })) });
  return costs;
}

function scheduler(options: Partial<FrameSchedulerOptions> = {}): {
  frames: FrameScheduler;
  drops: [number, number, string][];
} {
  const drops: [number, number, string][] = [];
  const costs = options.costs ?? costTable();
  const onDrop = (lane: number, frame: number, reason: string): void => void drops.push([lane, frame, reason]);
  return { frames: new FrameScheduler({ gpus: 1, workersPerGpu: 1, lanes: 64, onDrop, ...options, costs }), drops };
}

const laneOptions = { recipe: 0, tier: 0, tenant: 0, frameRate: 30, faces: 1 };
const taken = (batch: BatchView): number[] => Array.from(batch.frames.subarray(0, batch.size));

describe('FrameScheduler', () => {
  test('serves the most urgent frames together, as many as the tightest of them allows', () => {
    const { frames } = scheduler();
    const batch = new BatchView(8);
    [40, 8, 30].forEach((deadline, frame) =>
      frames.offer(frames.openLane(laneOptions), frame, { crops: 1, deadline, now: 0 }),
    );
    expect(frames.take(0, 0, batch)).toBe(true);
    expect(taken(batch)).toEqual([1, 2, 0]);
    expect(batch.crops).toBe(3);
    expect(frames.take(0, 1, batch)).toBe(false);
  });

  test('keeps the newest frame of a lane, and gives up what cannot be in time before it is started', () => {
    const { frames, drops } = scheduler();
    const lane = frames.openLane(laneOptions);
    frames.offer(lane, 1, { crops: 1, deadline: 50, now: 0 });
    frames.offer(lane, 2, { crops: 1, deadline: 83, now: 33 });
    frames.offer(lane, 3, { crops: 1, deadline: 60, now: 57 });
    const batch = new BatchView(8);
    expect(frames.take(0, 57, batch)).toBe(false);
    expect(drops).toEqual([
      [lane, 1, 'replaced'],
      [lane, 2, 'replaced'],
      [lane, 3, 'late'],
    ]);
  });

  test('takes a lane to another recipe, with the frame that waits; its load follows with its frames', () => {
    const costs = costTable({ recipes: 2 });
    costs.profile({ recipe: 1, table: TIMES.map((p50, i) => ({ batch: i + 1, p50: 2 * p50, p99: 2 * p50 })) });
    const { frames, drops } = scheduler({ costs });
    const [lane, other] = [frames.openLane(laneOptions), frames.openLane(laneOptions)];
    const light = frames.load(0);
    const batch = new BatchView(8);
    frames.offer(lane, 1, { crops: 1, deadline: 50, now: 0 });
    frames.offer(other, 2, { crops: 1, deadline: 60, now: 0 });

    frames.choose(lane, 1);

    expect(frames.take(0, 0, batch)).toBe(true);
    expect([batch.recipe, ...taken(batch)]).toEqual([1, 1]);
    // What is lost waits again where its lane is by then.
    frames.choose(lane, 0);
    frames.lost(0, 10);
    frames.available(0, true);
    frames.take(0, 10, batch);
    expect([batch.recipe, ...taken(batch)]).toEqual([0, 1, 2]);
    expect(drops).toEqual([]);
    const loadAfter = (recipe: number, frame: number): number => {
      frames.choose(lane, recipe);
      frames.offer(lane, frame, { crops: 1, deadline: Infinity, now: 10 });
      return frames.load(0);
    };
    for (let frame = 0; frame < 60; frame++) loadAfter(1, frame);
    expect(frames.load(0)).toBeCloseTo(1.5 * light, 2);
    // Of one that goes through the dearer recipe by every third frame, by a third.
    const loads = Array.from({ length: 90 }, (_, frame) => loadAfter(frame % 3 === 0 ? 1 : 0, frame));
    for (const load of loads.slice(-30)) expect(Math.abs(load / light - 7 / 6)).toBeLessThan(0.06);
    for (const open of [lane, other]) frames.closeLane(open);
    expect(frames.load(0)).toBeCloseTo(0);
  });

  test('cuts a batch to the size that does most a millisecond where more wait', () => {
    const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: 3 });
    costs.profile({ recipe: 0, table: [3, 4, 9].map((p50, i) => ({ batch: i + 1, p50, p99: p50 })) });
    const { frames } = scheduler({ costs });
    const batch = new BatchView(3);
    for (let frame = 0; frame < 4; frame++)
      frames.offer(frames.openLane(laneOptions), frame, { crops: 1, deadline: 100 + frame, now: 0 });
    frames.take(0, 0, batch);
    expect(taken(batch)).toEqual([0, 1]);
  });

  test('takes the crops of a frame all or none', () => {
    const { frames, drops } = scheduler();
    const lanes = [5, 5, 9].map((crops, frame) => {
      const lane = frames.openLane({ ...laneOptions, faces: crops });
      frames.offer(lane, frame, { crops, deadline: 100 + frame, now: 0 });
      return lane;
    });
    const batch = new BatchView(8);
    frames.take(0, 0, batch);
    expect([batch.size, batch.crops, batch.faces[0]]).toEqual([1, 5, 5]);
    expect(drops).toEqual([[lanes[2], 2, 'failed']]);
  });

  test('gives a lost worker’s frames to another, unless they are too old, replaced or nobody’s', () => {
    const { frames, drops } = scheduler({ costs: costTable({ workersPerGpu: 2 }), workersPerGpu: 2 });
    const lanes = [0, 1, 2, 3].map(() => frames.openLane(laneOptions));
    lanes.forEach((lane, frame) => frames.offer(lane, frame, { crops: 1, deadline: frame === 0 ? 10 : 60, now: 0 }));
    const batch = new BatchView(8);
    frames.take(0, 0, batch);
    frames.offer(lanes[1]!, 9, { crops: 1, deadline: 90, now: 8 });
    frames.closeLane(lanes[2]!);
    frames.lost(0, 8);
    expect(drops.map(([, frame, reason]) => `${frame} ${reason}`)).toEqual(['0 lost', '1 lost']);
    expect(frames.take(0, 8, batch)).toBe(false);
    expect(frames.take(1, 8, batch)).toBe(true);
    expect(taken(batch)).toEqual([3, 9]);
  });

  test('stages a batch so long before the running one ends, if it is told to', () => {
    const { frames } = scheduler({ lead: 1 });
    const [one, two] = [frames.openLane(laneOptions), frames.openLane(laneOptions)];
    const batch = new BatchView(8);
    frames.offer(one, 1, { crops: 1, deadline: 50, now: 0 });
    frames.take(0, 0, batch);
    frames.offer(two, 2, { crops: 1, deadline: 50, now: 1 });
    expect(frames.take(0, 1, batch)).toBe(false);
    expect(frames.wakeAt(0, 1)).toBeCloseTo(2.6);
    expect(frames.take(0, 2.6, batch)).toBe(true);
    expect(taken(batch)).toEqual([2]);
  });

  test('counts with the batch that a worker fills up to, and learns from it as that', () => {
    const costs = costTable();
    const { frames, drops } = scheduler({ costs });
    const lane = frames.openLane(laneOptions);
    const batch = new BatchView(8);
    frames.fills(0, 0, [8]);
    frames.offer(lane, 1, { crops: 1, deadline: 12, now: 0 });
    expect(frames.take(0, 0, batch)).toBe(true);
    frames.finished(0, 11.5, 11.5);
    expect(TIMES.map((_, i) => costs.p50(0, i + 1))).toEqual(TIMES);

    // A batch of one would be in time.
    frames.offer(lane, 2, { crops: 1, deadline: 22, now: 12 });
    expect([frames.take(0, 12, batch), drops]).toEqual([false, [[lane, 2, 'late']]]);
    frames.fills(0, 0, [1, 8]);
    frames.offer(lane, 3, { crops: 1, deadline: 34, now: 24 });
    expect(frames.take(0, 24, batch)).toBe(true);
  });

  test('counts what lanes ask for anew when recipes were profiled', () => {
    const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: 1 });
    const { frames } = scheduler({ costs, gpus: 2 });
    for (let lane = 0; lane < 3; lane++) frames.openLane(laneOptions);

    costs.profile({ recipe: 0, table: [{ batch: 1, p50: 10, p99: 10 }] });
    frames.reweigh();

    expect([frames.load(0), frames.load(1), frames.totalLoad].map((load) => load.toFixed(3))).toEqual([
      '0.600',
      '0.300',
      '0.450',
    ]);
  });

  test('takes off a GPU what a lane has put on it, though its recipe was profiled meanwhile', () => {
    const costs = new CostTable({ recipes: 1, workersPerGpu: 1, maximumBatch: 1 });
    const { frames } = scheduler({ costs });
    const lane = frames.openLane(laneOptions);
    const other = frames.openLane(laneOptions);
    costs.profile({ recipe: 0, table: [{ batch: 1, p50: 10, p99: 10 }] });
    frames.closeLane(lane);
    frames.openLane(laneOptions);
    frames.closeLane(other);
    expect(frames.load(0)).toBeCloseTo(0.3);
  });

  test('holds a tenant to its crops a second', () => {
    const { frames, drops } = scheduler({ tenantRate: 40 });
    const lane = frames.openLane({ ...laneOptions, tenant: 7 });
    const batch = new BatchView(8);
    for (let frame = 0; frame < 300; frame++) {
      const now = frame * 10;
      frames.offer(lane, frame, { crops: 1, deadline: now + 30, now });
      if (frames.take(0, now, batch)) frames.finished(0, now + 3.6, 3.6);
    }
    const thinned = drops.filter(([, , reason]) => reason === 'thinned').length;
    expect(300 - thinned).toBeGreaterThan(115);
    expect(300 - thinned).toBeLessThan(135);
  });

  test('accounts for every frame once, whatever the order of calls', () => {
    for (let seed = 1; seed <= 60; seed++) accountFor(seed);
  });

  test('thins every stream evenly in overload', () => {
    const { frames } = scheduler();
    const lanes = Array.from({ length: 46 }, () => frames.openLane(laneOptions));
    const served = new Map<number, number>();
    const longest = run(frames, { lanes, seconds: 8, served });
    const counts = lanes.map((lane) => served.get(lane) ?? 0);
    const mean = counts.reduce((a, b) => a + b) / counts.length;
    expect(mean * 46).toBeGreaterThan(0.98 * 8 * 1000 * (8 / 11.5));
    expect(Math.min(...counts) / mean).toBeGreaterThan(0.95);
    expect(longest).toBeLessThanOrEqual(3 * (240 / mean));
  });

  test('keeps a tier whole within what it has reserved while another asks for three times the GPU', () => {
    const { frames } = scheduler({ tiers: [{ weight: 1 }, { weight: 1, reserved: 0.5 }], lanes: 128 });
    const paid = Array.from({ length: 10 }, () => frames.openLane({ ...laneOptions, tier: 1 }));
    const free = Array.from({ length: 69 }, () => frames.openLane(laneOptions));
    const served = new Map<number, number>();
    run(frames, { lanes: [...paid, ...free], seconds: 8, served });
    const ofPaid = paid.reduce((sum, lane) => sum + (served.get(lane) ?? 0), 0);
    expect(ofPaid / (10 * 240)).toBeGreaterThan(0.99);
  });
});

/** Cameras at 30 fps of random phase on one worker. Returns the longest way between two served frames of a lane, in frames. */
function run(
  frames: FrameScheduler,
  at: { lanes: readonly number[]; seconds: number; served: Map<number, number> },
): number {
  const next = random(3);
  const offers = at.lanes.flatMap((lane) => {
    const phase = next() * PERIOD;
    return Array.from({ length: at.seconds * 30 }, (_, frame) => ({
      lane,
      frame,
      now: phase + frame * PERIOD + next(),
    }));
  });
  offers.sort((a, b) => a.now - b.now);
  const batch = new BatchView(8);
  const last = new Map<number, number>();
  let longest = 0;
  let ends = 0;
  for (let i = 0; i < offers.length;) {
    const now = Math.max(ends, offers[i]!.now);
    for (; i < offers.length && offers[i]!.now <= now; i++) {
      const { lane, frame, now: released } = offers[i]!;
      frames.offer(lane, frame, { crops: 1, deadline: released + PERIOD, now: released });
    }
    if (!frames.take(0, now, batch)) continue;
    ends = now + TIMES[batch.crops - 1]!;
    frames.finished(0, ends, TIMES[batch.crops - 1]!);
    for (let j = 0; j < batch.size; j++) {
      const [lane, frame] = [batch.lanes[j]!, batch.frames[j]!];
      longest = Math.max(longest, frame - (last.get(lane) ?? -1));
      last.set(lane, frame);
      at.served.set(lane, (at.served.get(lane) ?? 0) + 1);
    }
  }
  return longest;
}

/** Random calls on two GPUs of two workers; each frame must be dropped or done once. */
function accountFor(seed: number): void {
  const next = random(seed);
  const state = new Map<number, 'waiting' | 'taken' | 'ended'>();
  const end = (frame: number, from: string): void => {
    expect(`${frame} ${state.get(frame)}`).toMatch(from);
    state.set(frame, 'ended');
  };
  const costs = costTable({ recipes: 2, workersPerGpu: 2 });
  const onDrop = (_lane: number, frame: number, reason: string): void =>
    end(frame, reason === 'lost' ? 'taken' : 'waiting');
  const frames = new FrameScheduler({
    costs,
    gpus: 2,
    workersPerGpu: 2,
    lanes: 12,
    tiers: [{}, { reserved: 0.4 }],
    lead: 1,
    onDrop,
  });
  const lanes = new Set<number>();
  const running: { frame: number; lane: number }[][][] = [[], [], [], []];
  const batch = new BatchView(8);
  let frame = 0;
  for (let now = 0; now < 400; now += next()) {
    const [choice, worker] = [next(), Math.floor(next() * 4)];
    const lane = [...lanes][Math.floor(next() * lanes.size)];
    if (choice < 0.1 && lanes.size < 12) {
      lanes.add(frames.openLane({ ...laneOptions, recipe: Math.floor(next() * 2), tier: Math.floor(next() * 2) }));
    } else if (choice < 0.12 && lane !== undefined) {
      lanes.delete(lane);
      frames.closeLane(lane);
      for (const job of running.flat(2)) if (job.lane === lane) state.set(job.frame, 'ended');
    } else if (choice < 0.6 && lane !== undefined) {
      state.set(frame, 'waiting');
      frames.offer(lane, frame++, { crops: 1 + Math.floor(next() * 3), deadline: now + next() * 40, now });
    } else if (choice < 0.8) {
      if (frames.take(worker, now, batch)) {
        for (const one of taken(batch)) expect(state.get(one)).toBe('waiting');
        for (const one of taken(batch)) state.set(one, 'taken');
        running[worker]!.push(taken(batch).map((one, i) => ({ frame: one, lane: batch.lanes[i]! })));
      }
    } else if (choice < 0.98) {
      const done = running[worker]!.shift();
      if (done) frames.finished(worker, now, 5 + next());
      for (const job of done ?? []) if (state.get(job.frame) === 'taken') state.set(job.frame, 'ended');
    } else {
      const had = running[worker]!.splice(0).flat();
      frames.lost(worker, now);
      // What was not dropped waits again.
      for (const job of had) if (state.get(job.frame) === 'taken') state.set(job.frame, 'waiting');
      frames.available(worker, true);
    }
  }
  for (const lane of lanes) frames.closeLane(lane);
  const left = [...state].filter(([, of]) => of === 'waiting').length;
  expect(left).toBe(0);
}

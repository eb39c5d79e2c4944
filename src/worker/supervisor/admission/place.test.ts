import { describe, expect, test } from 'vitest';
import { sessionSettingsSchema, type FrameCost } from '../../wire/protocol.ts';
import { place, type Load } from './place.ts';
import { CostTable, SessionCost } from './session-cost.ts';

interface Worker {
  load: Load;
}

const worker = (threads: number, cores = 0): Worker => ({ load: { threads, cores } });

/** How many sessions of this size two cores take. */
function fill(maximumSide: number, measured?: FrameCost, workers = [worker(4)]): number {
  const table = new CostTable();
  if (measured !== undefined) table.calibrate(measured);
  for (let admitted = 0; ; admitted++) {
    const cost = new SessionCost(table, sessionSettingsSchema.parse({ maximumSide })).cores;
    const taken = workers.reduce((sum, { load }) => sum + load.cores, 0);
    const found = place(workers, cost, { cores: 2, taken });
    if (found === undefined) return admitted;
    found.load = { ...found.load, cores: found.load.cores + cost };
  }
}

describe('admission', () => {
  test('gives two cores what they were measured to carry, in one worker or in two', () => {
    expect([fill(1280), fill(640), fill(1920)]).toEqual([4, 6, 2]);
    expect(fill(640, undefined, [worker(2), worker(2)])).toBe(6);
  });

  test('takes fewer on a machine that measured itself as slower, more on a faster one, and never none', () => {
    expect(fill(1280, { vp8: 15, h264: 12 })).toBe(2);
    expect(fill(1280, { vp8: 4, h264: 3 })).toBe(8);
    expect(fill(1920, { vp8: 100, h264: 80 })).toBe(1);
  });

  test('puts a session where most room is, and the cores of a lost worker at the disposal of the others', () => {
    const busy = worker(2, 1.2);
    const free = worker(1);

    expect(place([busy, free], 0.4, { cores: 2, taken: 1.2 })).toBe(free);
    expect(place([busy], 0.4, { cores: 2, taken: 1.2 })).toBe(busy);
    expect(place([busy], 0.8, { cores: 2, taken: 1.2 })).toBeUndefined();
    expect(place([busy, free], 0.4, { cores: 2, taken: 1.5 })).toBeUndefined();
    expect(place([worker(2, 0.4)], 1.2, { cores: 2, taken: 0.4 })).toBeDefined();
    expect(place([], 0.1, { cores: 2, taken: 0 })).toBeUndefined();
    expect(place([busy], 0, { cores: 2, taken: 5 })).toBe(busy);
  });
});

import { describe, expect, test } from 'vitest';
import { sessionSettingsSchema, type SessionFigures } from '../../wire/protocol.ts';
import { CostTable, CpuShare, SessionCost, type FrameKind } from './session-cost.ts';

const HD: FrameKind = { side: 1280, codec: 'vp8', faces: 1 };
const VGA: FrameKind = { side: 640, codec: 'vp8', faces: 1 };
const settings = sessionSettingsSchema.parse({});

/** A second of a session of 1280×720 at 30 frames, in which its pixel thread was at work for so long. */
function second(busy: number, more: Partial<SessionFigures> = {}): SessionFigures {
  return { busy, fpsIn: 30, width: 1280, height: 720, codec: 'vp8', faces: 1, ...more } as SessionFigures;
}

describe('what frames cost', () => {
  test('begins with what a worker has measured, and grows with size, faces and codec', () => {
    const table = new CostTable();
    table.calibrate({ vp8: 20, h264: 15 });
    expect(table.frame(VGA)).toBeCloseTo(22);
    expect(table.frame(HD) / table.frame(VGA)).toBeCloseTo(1.57);
    expect(table.frame({ ...VGA, codec: 'h264' })).toBeCloseTo(16.5);
    expect(table.frame({ ...VGA, codec: 'vp9' })).toBeGreaterThan(table.frame(VGA));
    expect(table.frame({ ...VGA, faces: 3 })).toBeGreaterThan(table.frame({ ...VGA, faces: 2 }));
    expect(table.frame({ ...VGA, faces: 0 })).toBeLessThan(table.frame(VGA));
    const sides = [100, 320, 500, 640, 800, 1280, 1500, 1920].map((side) => table.frame({ ...VGA, side }));
    expect(sides).toEqual([...sides].sort((a, b) => a - b));
  });

  test('is learned of each kind, and of all for those not seen yet', () => {
    const table = new CostTable();
    const [vga, hd] = [table.frame(VGA), table.frame(HD)];
    for (let i = 0; i < 100; i++) table.learn(HD, hd * 2);
    expect(table.frame(HD) / hd).toBeCloseTo(2, 2);
    expect(table.frame(VGA) / vga).toBeCloseTo(2, 2);
    for (let i = 0; i < 100; i++) table.learn(VGA, vga);
    expect(table.frame(VGA) / vga).toBeCloseTo(1, 2);
    expect(table.frame(HD) / hd).toBeCloseTo(2, 2);
    // A worker that is replaced does not undo it.
    table.calibrate({ vp8: 1, h264: 1 });
    expect(table.frame(VGA) / vga).toBeCloseTo(1, 2);
  });

  test('is not thrown off by one odd second', () => {
    const table = new CostTable();
    const before = table.frame(HD);
    table.learn(HD, before * 1000);
    expect(table.frame(HD) / before).toBeLessThan(1.4);
  });
});

describe('what a session costs', () => {
  test('is first what its settings allow, then what it takes', () => {
    const table = new CostTable();
    const cost = new SessionCost(table, settings);
    expect(cost.cores).toBeCloseTo((table.frame(HD) * 30) / 1000);
    for (let i = 0; i < 60; i++) cost.learn(second(800), 1);
    expect(cost.cores).toBeCloseTo(0.8, 1);
    // The next one of the kind is expected to cost the same.
    expect(new SessionCost(table, settings).cores).toBeCloseTo(0.8, 1);
  });

  test('asks of networks what its look says, also once that is changed', () => {
    const asked = sessionSettingsSchema.parse({ swap: 'fine', faces: 2 });
    const cost = new SessionCost(new CostTable(), asked);
    expect(cost.networks).toEqual({ recipe: 'fine', faces: 60, enhanced: 1 / 3 });
    cost.configure({ ...asked, enhanceEvery: 1 });
    expect(cost.networks?.enhanced).toBe(1);
    cost.configure({ ...asked, enhance: 0 });
    expect(cost.networks?.enhanced).toBe(0);
    expect(new SessionCost(new CostTable(), settings).networks).toBeUndefined();
  });

  test('is counted in processor time: waiting for others is not its cost', () => {
    const cost = new SessionCost(new CostTable(), settings);
    for (let i = 0; i < 60; i++) cost.learn(second(800), 0.6);
    expect(cost.cores).toBeCloseTo(0.48, 1);
  });

  test('stays at half of what it may yet take when it sends less, and as it was when nothing comes', () => {
    const table = new CostTable();
    const cost = new SessionCost(table, settings);
    const most = cost.cores;
    for (let i = 0; i < 60; i++) cost.learn(second(40, { width: 320, height: 240, fpsIn: 10 }), 1);
    expect(cost.cores / (table.frame(HD) * 0.03)).toBeCloseTo(0.5, 2);
    const silent = new SessionCost(new CostTable(), settings);
    silent.learn(second(0, { fpsIn: 0, width: 0, height: 0 }), 1);
    expect(silent.cores).toBe(most);
  });
});

describe('the share of processor time', () => {
  test('follows what a worker takes, and learns nothing of an idle one', () => {
    const share = new CpuShare();
    share.observe(50, 10);
    expect(share.value).toBe(1);
    for (let i = 0; i < 100; i++) share.observe(700, 1000);
    expect(share.value).toBeCloseTo(0.7, 2);
  });
});

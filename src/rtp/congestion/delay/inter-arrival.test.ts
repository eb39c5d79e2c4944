import { describe, expect, it } from 'vitest';
import { InterArrival } from './inter-arrival.ts';

/** Pushes [sent, arrived] pairs, told of as they arrive; the deltas that come out. */
function deltas(groups: InterArrival, packets: readonly (readonly [number, number])[]) {
  return packets
    .map(([sentAt, arrivedAt]) => groups.push(sentAt, arrivedAt, arrivedAt))
    .filter((delta) => delta !== undefined);
}

describe('InterArrival', () => {
  it('takes what is sent within 5 ms for one group and compares the last packets', () => {
    const packets = [
      [0, 100],
      [3, 104],
      [5, 107],
      [33, 130],
      [36, 141],
      [66, 170],
    ] as const;
    expect(deltas(new InterArrival(), packets)).toEqual([{ sent: 31, arrived: 34 }]);
  });

  it('merges what waited on the way and came in one burst', () => {
    // Sent each 10 ms, but the second to fourth come 1 ms apart: the first of them was held up.
    const packets = [
      [0, 100],
      [10, 140],
      [20, 141],
      [30, 142],
      [60, 172],
      [90, 202],
    ] as const;
    expect(deltas(new InterArrival(), packets)).toEqual([
      { sent: 30, arrived: 42 },
      { sent: 30, arrived: 30 },
    ]);
  });

  it('ends a burst after 100 ms', () => {
    const groups = new InterArrival();
    const steady = Array.from({ length: 200 }, (_, index) => [index * 6, 100 + index * 2] as const);
    expect(deltas(groups, steady).length).toBeGreaterThanOrEqual(2);
  });

  it('leaves packets out that come behind later groups', () => {
    const packets = [
      [0, 100],
      [20, 120],
      [2, 125],
      [40, 140],
      [60, 160],
    ] as const;
    expect(deltas(new InterArrival(), packets)).toEqual([
      { sent: 20, arrived: 20 },
      { sent: 20, arrived: 20 },
    ]);
  });

  it('begins anew when the far clock jumps', () => {
    const groups = new InterArrival();
    groups.push(0, 100, 100);
    groups.push(20, 120, 120);
    expect(groups.push(40, 10_140, 140)).toEqual({ sent: 20, arrived: 20 });
    expect(groups.push(60, 10_160, 160)).toBeUndefined();
    expect(groups.push(80, 10_180, 180)).toBeUndefined();
    expect(groups.push(100, 10_200, 200)).toBeUndefined();
    expect(groups.push(120, 10_220, 220)).toEqual({ sent: 20, arrived: 20 });
  });
});

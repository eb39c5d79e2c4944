import { describe, expect, test } from 'vitest';
import { Drops } from './drop.ts';
import { inTime, Lane, type LaneEntry, mostUrgent } from './lane.ts';

/** A seeded stream of numbers in 0–1. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

describe('Lane', () => {
  test('keeps the newest entry and counts the one it displaces', () => {
    const drops = new Drops();
    const released: LaneEntry[] = [];
    const lane = new Lane<LaneEntry>(drops, { release: (entry) => released.push(entry) });
    const [first, second] = [{ deadline: 10 }, { deadline: 20 }];
    lane.offer(first);
    lane.offer(second);
    expect(lane.deadline).toBe(20);
    expect(lane.take()).toBe(second);
    expect(lane.take()).toBeUndefined();
    expect(released).toEqual([first]);
    expect(drops.toRecord()).toEqual({ 'lane:replaced': 1 });
  });

  test('gives an entry that cannot be finished in time up as late', () => {
    const drops = new Drops();
    const lane = new Lane<LaneEntry>(drops, { stage: 'swap' });
    lane.offer({ deadline: 100 });
    expect(lane.takeInTime(95, 6)).toBeUndefined();
    lane.offer({ deadline: 100 });
    expect(lane.takeInTime(95, 5)).toEqual({ deadline: 100 });
    expect(drops.toRecord()).toEqual({ 'swap:late': 1 });
  });

  test('gives what waits up when the session ends', () => {
    const drops = new Drops();
    const lane = new Lane<LaneEntry>(drops);
    lane.offer({ deadline: 1 });
    lane.clear();
    lane.clear();
    expect(drops.toRecord()).toEqual({ 'lane:closed': 1 });
  });

  test('accounts for every entry, whatever the order of calls', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const next = random(seed);
      const drops = new Drops();
      let released = 0;
      const lane = new Lane<LaneEntry>(drops, { release: () => released++ });
      let offered = 0;
      let taken = 0;
      for (let now = 0; now < 200; now++) {
        const choice = next();
        if (choice < 0.5) {
          lane.offer({ deadline: now + next() * 66 });
          offered++;
        } else if (choice < 0.9) {
          const entry = lane.takeInTime(now, next() * 40);
          if (entry) taken++;
        } else if (lane.take()) taken++;
      }
      lane.clear();
      const counted = Object.values(drops.toRecord()).reduce((a, b) => a + b, 0);
      expect(released).toBe(counted);
      expect(taken + counted).toBe(offered);
    }
  });
});

describe('mostUrgent', () => {
  test('picks the lane whose entry is due first and passes over empty ones', () => {
    const drops = new Drops();
    const lanes = [new Lane<LaneEntry>(drops), new Lane<LaneEntry>(drops), new Lane<LaneEntry>(drops)];
    expect(mostUrgent(lanes, 0)).toBeUndefined();
    lanes[0]!.offer({ deadline: 50 });
    lanes[2]!.offer({ deadline: 40 });
    expect(mostUrgent(lanes, 0)).toBe(lanes[2]);
  });

  test('serves what can be in time before what cannot, though that is due first', () => {
    const lost = { deadline: 100, expected: 30 };
    const lostToo = { deadline: 95, expected: 30 };
    const good = { deadline: 130, expected: 30 };
    expect(mostUrgent([lost, good, lostToo], 80)).toBe(good);
    expect(mostUrgent([lost, lostToo], 80)).toBe(lostToo);
    expect(mostUrgent([lost, good], 60)).toBe(lost);
  });

  test('serves every session in overload: none gets less than four fifths of what another gets', () => {
    // Four lanes of 30 fps, 15 ms a frame on one thread: 1.8 times what it can do.
    const cost = 15;
    const drops = new Drops();
    const lanes = Array.from({ length: 4 }, () => new Lane<LaneEntry & { lane: number }>(drops));
    const arrivals = lanes.flatMap((_, lane) =>
      Array.from({ length: 300 }, (_unused, frame) => ({ lane, at: frame * 33.3 + lane * 8 })),
    );
    arrivals.sort((a, b) => a.at - b.at);
    const served = [0, 0, 0, 0];
    let now = 0;
    let next = 0;
    while (next < arrivals.length) {
      for (; next < arrivals.length && arrivals[next]!.at <= now; next++) {
        const { lane, at } = arrivals[next]!;
        lanes[lane]!.offer({ deadline: at + 66, lane });
      }
      const entry = mostUrgent(lanes, now)?.takeInTime(now, cost);
      if (entry) {
        served[entry.lane]!++;
        now += cost;
      } else now += 1;
    }
    const most = Math.max(...served);
    expect(served.reduce((a, b) => a + b, 0)).toBeGreaterThan(600);
    for (const count of served) expect(count / most).toBeGreaterThan(0.8);
  });
});

describe('mostUrgent in overload', () => {
  /** Frames that each of these streams of 30 fps gets served in 20 s on a thread that needs so long for one. */
  function servedOf(phases: readonly number[], cost: number): number[] {
    const period = 1000 / 30;
    const streams = phases.map((phase) => ({ phase, served: 0, taken: -1, servedAt: -Infinity }));
    for (let now = 0; now < 20_000;) {
      const waiting = streams.flatMap((stream) => {
        const newest = Math.floor((now - stream.phase) / period);
        if (newest <= stream.taken) return [];
        const behindSince = newest - stream.taken > 1 ? stream.servedAt : undefined;
        return [{ stream, newest, deadline: stream.phase + newest * period + 66, expected: cost, behindSince }];
      });
      const next = mostUrgent(waiting, now);
      if (next) {
        next.stream.taken = next.newest;
        next.stream.served++;
        next.stream.servedAt = now += cost;
      } else now++;
    }
    return streams.map(({ served }) => served);
  }

  test('starves no stream whose frames come at the wrong moment: each gets its part', () => {
    for (const [phases, cost] of [
      [[0, 11, 22], 16.7],
      [[0, 1, 2, 3], 16.7],
      [[0, 8, 16, 24, 32], 11.2],
    ] as const) {
      const served = servedOf(phases, cost);
      const mean = served.reduce((sum, count) => sum + count, 0) / served.length;
      expect(Math.min(...served) / mean).toBeGreaterThan(0.95);
      expect(mean * served.length * cost).toBeGreaterThan(0.98 * 20_000);
    }
  });

  test('serves by deadline alone while nothing is lost', () => {
    const [mean] = servedOf([0, 11, 22], 10);
    expect(mean).toBeGreaterThan(595);
  });
});

describe('inTime', () => {
  test('lets work end exactly at its deadline', () => {
    expect(inTime(10, 5, 15)).toBe(true);
    expect(inTime(10, 5.1, 15)).toBe(false);
  });
});

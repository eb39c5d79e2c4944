import { describe, expect, it } from 'vitest';
import { NACK_LIMIT, NackGenerator } from './nack-generator.ts';

describe('NackGenerator', () => {
  it('asks for what is missing after a moment of grace, also across the wrap', () => {
    const nacks = new NackGenerator();
    nacks.onPacket(65_534, 0, false);
    nacks.onPacket(65_537, 1, false);
    expect(nacks.due(2).ask).toEqual([]);
    expect(nacks.nextAt).toBe(6);
    expect(nacks.due(6).ask).toEqual([65_535, 65_536]);
  });

  it('waits no longer where three packets have overtaken the one that is missing', () => {
    const nacks = new NackGenerator();
    nacks.onPacket(10, 0, false);
    nacks.onPacket(12, 0, false);
    nacks.onPacket(13, 0.2, false);
    expect(nacks.due(0.2).ask).toEqual([]);
    nacks.onPacket(14, 0.4, false);
    expect(nacks.nextAt).toBe(0.4);
    expect(nacks.due(0.4).ask).toEqual([11]);
    expect(nacks.due(6).ask).toEqual([]);
  });

  it('says each request twice, repeats by the round trip and gives up in bounded time', () => {
    const nacks = new NackGenerator();
    nacks.roundTrip = 100;
    nacks.onPacket(1, 0, false);
    nacks.onPacket(3, 0, false);
    const asked: number[] = [];
    let gaveUp: number | undefined;
    for (let now = 0; now < 2000 && gaveUp === undefined; now += 1) {
      const due = nacks.due(now);
      if (due.ask.length > 0) asked.push(now);
      if (due.gaveUp !== undefined) gaveUp = now;
    }
    expect(asked).toEqual([5, 13, 121, 129, 236, 244, 351, 359, 466, 474, 581, 589]);
    expect(gaveUp).toBe(600);
    expect(nacks.nextAt).toBe(Infinity);
  });

  it('gives up at once what an outage took, but not what a burst of loss did', () => {
    const nacks = new NackGenerator();
    nacks.onPacket(1, 0, false);
    nacks.onPacket(40, 300, false);
    expect(nacks.missing).toBe(38);
    nacks.onPacket(80, 800, false);
    expect(nacks.due(800)).toEqual({ ask: [], first: 0, gaveUp: 79 });
    expect(nacks.missing).toBe(0);
  });

  it('waits for jitter before it repeats, and for a sender that takes its time', () => {
    const nacks = new NackGenerator();
    nacks.roundTrip = 50;
    nacks.jitter = 12;
    const asked = (until: number) =>
      Array.from({ length: until }, (_, now) => now).filter((now) => nacks.due(now).ask.length > 0);
    nacks.onPacket(1, 0, false);
    nacks.onPacket(3, 0, false);
    expect(asked(150)).toEqual([5, 13, 77, 85, 149]);
    nacks.reset();
    let now = 1000;
    for (let position = 0; position < 200; position += 2, now += 200) {
      nacks.onPacket(position, now, false);
      nacks.due(now + 5);
      nacks.onPacket(position - 1, now + 85, true);
    }
    nacks.onPacket(204, now, false);
    nacks.due(now + 5);
    nacks.due(now + 13);
    expect(nacks.nextAt - now).toBeCloseTo(5 + 1.1 * 80 + 5 + 12, 1);
  });

  it('learns the round trip from its own requests where there are no reports', () => {
    const nacks = new NackGenerator();
    nacks.onPacket(0, 0, false);
    nacks.onPacket(2, 0, false);
    nacks.due(5);
    nacks.onPacket(1, 25, true);
    nacks.onPacket(4, 1000, false);
    nacks.due(1005);
    nacks.due(1013);
    expect(nacks.nextAt).toBe(1005 + 1.1 * 20 + 5);
  });

  it('does not take a resend without RTX for reordering', () => {
    const nacks = new NackGenerator();
    nacks.roundTrip = 20;
    for (let position = 0; position < 60; position += 2) {
      const now = position * 50;
      nacks.onPacket(position, now, false);
      nacks.due(now + 5);
      nacks.onPacket(position - 1, now + 26, false);
    }
    nacks.onPacket(62, 5000, false);
    expect(nacks.due(5005).ask).toEqual([59, 60, 61]);
  });

  it('asks for a packet at most ten times, each time twice', () => {
    const nacks = new NackGenerator();
    nacks.roundTrip = 1;
    nacks.onPacket(1, 0, false);
    nacks.onPacket(3, 0, false);
    let asked = 0;
    for (let now = 0; now < 1000; now++) asked += nacks.due(now).ask.length;
    expect(asked).toBe(20);
  });

  it('learns how long reordering lasts, and asks for nothing that is only late', () => {
    const nacks = new NackGenerator();
    let asked = 0;
    for (let index = 0; index < 400; index++) {
      // Every tenth packet comes 12 ms late.
      const now = index * 4;
      if (index % 10 !== 5) nacks.onPacket(index, now, false);
      if (index % 10 === 8) nacks.onPacket(index - 3, now, false);
      const due = nacks.due(now);
      if (index > 50) asked += due.ask.length;
    }
    expect(asked).toBe(0);
    nacks.onPacket(1000, 5000, true);
  });

  it('stops asking for what has come or is no longer wanted', () => {
    const nacks = new NackGenerator();
    nacks.onPacket(1, 0, false);
    nacks.onPacket(6, 0, false);
    nacks.onPacket(3, 1, true);
    nacks.forget(5);
    expect(nacks.due(50).ask).toEqual([5]);
  });

  it('holds no more than its bound and gives the rest up', () => {
    const nacks = new NackGenerator();
    nacks.onPacket(0, 0, false);
    for (let position = 2; position < 3000; position += 2) nacks.onPacket(position, 0, false);
    expect(nacks.missing).toBeLessThanOrEqual(NACK_LIMIT);
    expect(nacks.due(0).gaveUp).toBeGreaterThan(900);
    nacks.onPacket(10_000, 1, false);
    expect(nacks.due(1)).toEqual({ ask: [], first: 0, gaveUp: 9999 });
  });
});

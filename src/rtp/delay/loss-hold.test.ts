import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../media/chunk.ts';
import type { Milli } from '../../time.ts';
import { LossHold } from './loss-hold.ts';

const INTERVAL = 1000 / 30;
const chunk = (index: number, decodable: Milli): Chunk => ({
  codec: 'vp8',
  data: new Uint8Array(1),
  timestamp: (0xffff_f000 + index * 3000) >>> 0,
  keyframe: false,
  decodable,
  referenced: true,
});

interface Release {
  readonly index: number;
  readonly at: Milli;
  readonly chunk: Chunk;
}

/** Gives the hold one chunk each 33 ms, each at its time plus `late(index)` but never before an earlier one. */
function play(hold: LossHold, count: number, late: (index: number) => Milli, loss = 0): Release[] {
  const released: Release[] = [];
  const arrivals: Milli[] = [];
  for (let index = 0; index < count; index++) {
    arrivals.push(Math.max(arrivals.at(-1) ?? 0, index * INTERVAL + late(index)));
  }
  let next = 0;
  for (let now = 0; released.length < count; now++) {
    for (let packet = 0; now % 33 === 0 && packet < 8; packet++) hold.onPacket(now);
    if (now % 33 === 0) hold.onLost(8 * loss, now);
    while (next < count && (arrivals[next] ?? 0) <= now) hold.push(chunk(next++, now), now);
    if (now < hold.nextAt) continue;
    for (const each of hold.due(now)) released.push({ index: released.length, at: now, chunk: each });
  }
  return released;
}

const gaps = (released: readonly Release[]) =>
  released.slice(1).map(({ at }, index) => at - (released[index]?.at ?? 0));

describe('LossHold', () => {
  it('holds nothing where nothing is lost, whatever the jitter', () => {
    const hold = new LossHold();
    const late = (index: number) => (index * 7) % 30;
    play(hold, 300, late).forEach(({ index, at, chunk: { decodable } }) => {
      expect(at - index * INTERVAL).toBeLessThan(late(index) + 2);
      expect(decodable).toBeLessThanOrEqual(at);
    });
    expect(hold.delay).toBe(0);
  });

  it('gives chunks evenly where every second one waits for a resend', () => {
    const hold = new LossHold();
    const released = play(hold, 300, (index) => (index % 6 < 3 ? 110 - (index % 6) * 33 : 0), 0.05);
    for (const gap of gaps(released.slice(60))) {
      expect(gap).toBeGreaterThanOrEqual(15);
      expect(gap).toBeLessThanOrEqual(80);
    }
    expect(hold.delay).toBeGreaterThan(60);
    expect(hold.delay).toBeLessThanOrEqual(120);
    for (const {
      at,
      chunk: { decodable },
    } of released)
      expect(at - decodable).toBeLessThanOrEqual(1);
  });

  it('lets a bunch that is later than the hold catch up at 1.3 times the speed, in order', () => {
    const hold = new LossHold();
    play(hold, 90, (index) => (index % 3 === 0 ? 50 : 0), 0.05);
    const from = 90 * INTERVAL;
    const released: Milli[] = [];
    for (let index = 0; index < 8; index++) hold.push(chunk(90 + index, from + 300), from + 300);
    for (let now = Math.ceil(from + 300); released.length < 8; now++) {
      released.push(...hold.due(now).map(() => now));
    }
    const steps = released.slice(1).map((at, index) => at - (released[index] ?? 0));
    for (const step of steps.slice(0, 4)) expect(Math.abs(step - 25.6)).toBeLessThanOrEqual(1);
  });

  it('does not play what an outage has piled up: all beyond 300 ms goes at once', () => {
    const hold = new LossHold();
    play(hold, 90, (index) => (index % 3 === 0 ? 50 : 0), 0.05);
    const now = 90 * INTERVAL + 2000;
    for (let index = 0; index < 60; index++) hold.push(chunk(90 + index, now), now);
    expect(hold.due(now + 300).length).toBe(60);
  });

  it('never holds longer than 300 ms', () => {
    const hold = new LossHold();
    play(hold, 150, (index) => (index % 2) * 900, 0.2);
    expect(hold.delay).toBeLessThanOrEqual(300);
    expect(hold.delay).toBeGreaterThan(250);
  });

  it('lets everything go when the source begins anew', () => {
    const hold = new LossHold();
    play(hold, 90, (index) => (index % 2) * 100, 0.1);
    hold.push(chunk(200, 6700), 6700);
    hold.push(chunk(201, 6701), 6701);
    hold.restart();
    expect(hold.due(6702)).toHaveLength(2);
    expect(hold.nextAt).toBe(Infinity);
  });
});

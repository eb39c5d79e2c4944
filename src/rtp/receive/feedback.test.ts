import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { NOT_RECEIVED } from '../rtcp/rtcp-packet.ts';
import { parseRtcp } from '../rtcp/parse.ts';
import { serializeRtcp } from '../rtcp/serialize.ts';
import { ReceiveStatistics } from './receive-statistics.ts';
import { SequenceGate } from './sequence-gate.ts';
import { TwccGenerator } from './twcc-generator.ts';

describe('SequenceGate', () => {
  it('counts on across the wrap, backwards too', () => {
    const gate = new SequenceGate();
    expect([65_534, 65_535, 1, 0, 65_535].map((sequence) => gate.admit(sequence))).toEqual(
      [65_534, 65_535, 65_537, 65_536, 65_535].map((position) => ({ kind: 'in', position })),
    );
  });

  it('believes a far jump when a second packet confirms it, and no stray', () => {
    const gate = new SequenceGate();
    expect([10, 40_000, 11, 30_000, 30_001, 30_002].map((sequence) => gate.admit(sequence).kind)).toEqual([
      'in',
      'refused',
      'in',
      'refused',
      'restart',
      'in',
    ]);
  });

  it('never takes resends for a new count', () => {
    const gate = new SequenceGate();
    gate.admit(10_000);
    expect([1, 2, 3].map((sequence) => gate.admit(sequence, true).kind)).toEqual(['refused', 'refused', 'refused']);
  });
});

describe('ReceiveStatistics', () => {
  it('counts cycles and losses as RFC 3550 does', () => {
    const statistics = new ReceiveStatistics(90_000);
    statistics.restart(9);
    for (const sequence of [65_533, 65_534, 0, 1, 4]) statistics.onPacket(sequence, 0, 0);
    expect(statistics.report(0)).toMatchObject({
      ssrc: 9,
      highestSequence: 65_540,
      cumulativeLost: 3,
      fractionLost: Math.floor((3 * 256) / 8),
    });
    statistics.onPacket(5, 0, 0);
    expect(statistics.report(0)).toMatchObject({ cumulativeLost: 3, fractionLost: 0 });
  });

  it('has no jitter for even packets, and it follows uneven ones', () => {
    const statistics = new ReceiveStatistics(90_000);
    for (let index = 0; index < 100; index++) statistics.onPacket(index, index * 3000, (index * 1000) / 30);
    expect(statistics.report(0)?.jitter).toBe(0);
    for (let index = 100; index < 300; index++) {
      statistics.onPacket(index, index * 3000, (index * 1000) / 30 + (index % 2) * 4);
    }
    expect(statistics.jitter).toBeGreaterThan(3.9);
    expect(statistics.jitter).toBeLessThan(4.1);
  });

  it('keeps jitter sane through clock jumps and pauses', () => {
    const statistics = new ReceiveStatistics(90_000);
    const random = new Random(1);
    for (let index = 0; index < 2000; index++) {
      statistics.onPacket(index & 0xffff, random.below(2 ** 32), index * 10);
      const { jitter } = statistics.report(0) ?? { jitter: -1 };
      expect(jitter).toBeGreaterThanOrEqual(0);
      expect(jitter).toBeLessThan(90_000 * 5);
    }
  });

  it('quotes the last sender report and its age', () => {
    const statistics = new ReceiveStatistics(90_000);
    expect(statistics.report(0)).toBeUndefined();
    statistics.onPacket(1, 0, 0);
    statistics.onSenderReport({ high: 0x1234_5678, low: 0x9abc_def0 }, 100);
    expect(statistics.report(350)).toMatchObject({
      lastSenderReport: 0x5678_9abc,
      delaySinceLastSenderReport: 0.25 * 65_536,
    });
  });
});

describe('TwccGenerator', () => {
  it('tells each 50 ms of every packet, lost ones as lost', () => {
    const generator = new TwccGenerator(1);
    generator.onPacket(65_534, 1000, 7);
    expect(generator.due(1000)).toHaveLength(1);
    generator.onPacket(65_535, 1010, 7);
    generator.onPacket(2, 1012.5, 8);
    expect(generator.nextAt).toBe(1050);
    expect(generator.due(1049)).toEqual([]);
    expect(generator.due(1050)).toEqual([
      {
        type: 'transport-feedback',
        senderSsrc: 1,
        mediaSsrc: 8,
        baseSequence: 65_535,
        feedbackCount: 1,
        referenceTime: 15,
        arrivals: Int32Array.of(200, NOT_RECEIVED, NOT_RECEIVED, 210),
      },
    ]);
    expect(generator.due(1100)).toEqual([]);
    expect(generator.nextAt).toBe(Infinity);
  });

  it('tells again of one that came after it was told as lost', () => {
    const generator = new TwccGenerator(1);
    generator.onPacket(1, 1000, 7);
    generator.onPacket(3, 1001, 7);
    expect(generator.due(1001)[0]?.arrivals[1]).toBe(NOT_RECEIVED);
    generator.onPacket(2, 1030, 7);
    generator.onPacket(4, 1031, 7);
    const [feedback] = generator.due(1060);
    expect(feedback).toMatchObject({ baseSequence: 2 });
    expect([...(feedback?.arrivals ?? [])].every((ticks) => ticks !== NOT_RECEIVED)).toBe(true);
  });

  it('splits where a pause is longer than a delta holds, and survives a new count', () => {
    const generator = new TwccGenerator(1);
    generator.onPacket(1, 0, 7);
    generator.onPacket(2, 9000, 7);
    expect(generator.due(9000).map(({ baseSequence }) => baseSequence)).toEqual([1, 2]);
    generator.onPacket(30_000, 9100, 7);
    generator.onPacket(10, 9200, 7);
    expect(generator.due(9300).map(({ baseSequence, arrivals }) => [baseSequence, arrivals.length])).toEqual([[10, 1]]);
  });

  it('survives the wrap of its reference time', () => {
    const generator = new TwccGenerator(1);
    const late = 2 ** 24 * 64;
    generator.onPacket(5, late - 10, 7);
    generator.onPacket(6, late + 10, 7);
    expect(generator.due(late + 20)[0]).toMatchObject({ referenceTime: 0xff_ffff });
    generator.onPacket(7, late + 100, 7);
    expect(generator.due(late + 100)[0]).toMatchObject({ referenceTime: 1 });
  });

  it('gives a sender the truth about every packet over loss, reordering, duplicates and wraps', () => {
    const random = new Random(17);
    const generator = new TwccGenerator(1);
    const arrivals = new Map<number, number>();
    const told = new Map<number, number>();
    const inFlight: { at: number; position: number }[] = [];
    for (let position = 60_000; position < 75_000; position++) {
      const at = position * 0.7;
      if (random.next() > 0.05) inFlight.push({ at: at + random.next() * 15, position });
      if (random.next() < 0.02) inFlight.push({ at: at + random.next() * 15, position });
    }
    inFlight.sort((a, b) => a.at - b.at);
    const tell = (now: number) => {
      for (const feedback of parseRtcp(serializeRtcp(generator.due(now)))) {
        if (feedback.type !== 'transport-feedback') throw new Error(feedback.type);
        feedback.arrivals.forEach((ticks, index) => {
          const position = 60_000 + (((feedback.baseSequence - 60_000) & 0xffff) + index);
          if (ticks !== NOT_RECEIVED) told.set(position, feedback.referenceTime * 64 + ticks / 4);
        });
      }
    };
    for (const { at, position } of inFlight) {
      if (!arrivals.has(position)) arrivals.set(position, at);
      generator.onPacket(position & 0xffff, at, 7);
      tell(at);
    }
    tell(1e6);
    expect(told.size).toBe(arrivals.size);
    for (const [position, at] of arrivals) expect(Math.abs((told.get(position) ?? 0) - at)).toBeLessThan(0.2);
  });
});

import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import type { OutgoingPacket, Urgency } from '../packet/outgoing-packet.ts';
import { TwccGenerator } from '../receive/twcc-generator.ts';
import { LossBasedRate } from './loss-based-rate.ts';
import { Pacer } from './pacer.ts';
import { SendLog } from './send-log.ts';

const packet = (size: number, urgency: Urgency = 'video'): OutgoingPacket => ({
  data: new Uint8Array(size),
  urgency,
  transportSequenceAt: 2,
  sendTimeAt: -1,
});
const packets = (count: number, size = 1150) => Array.from({ length: count }, () => packet(size));

/** Hands out what is due each millisecond until nothing waits; counts of packets by the time they left. */
function drain(pacer: Pacer, from: number): number[] {
  const left: number[] = [];
  for (let now = from; pacer.waiting > 0; now++) for (let due = pacer.due(now).length; due > 0; due--) left.push(now);
  return left;
}

describe('Pacer', () => {
  it('lets ordinary frames pass at once', () => {
    const pacer = new Pacer({ bitrate: 2_500_000 });
    for (let index = 0; index < 90; index++) {
      // 25 kB: two and a half times the mean frame.
      pacer.push(packets(22));
      expect(pacer.due(index * 33.3)).toHaveLength(22);
      expect(pacer.nextAt).toBe(Infinity);
    }
  });

  it('spreads a keyframe of 95 packets so that no socket buffer overflows', () => {
    const pacer = new Pacer({ bitrate: 2_500_000 });
    pacer.push(packets(95));
    const left = drain(pacer, 1000);
    expect(left).toHaveLength(95);
    // A buffer of 212,992 bytes takes about 90 packets of this size; a receiver may not read for 10 ms.
    for (let now = 1000; now < 1100; now++) {
      expect(left.filter((at) => at >= now && at < now + 10).length).toBeLessThan(60);
    }
    expect((left.at(-1) ?? 0) - 1000).toBeLessThan(45);
  });

  it('says when it has something again, and keeps that promise', () => {
    const pacer = new Pacer({ bitrate: 1_000_000 });
    expect(pacer.nextAt).toBe(Infinity);
    pacer.push(packets(60));
    pacer.due(0);
    let now = 0;
    for (let rounds = 0; pacer.waiting > 0; rounds++) {
      expect(pacer.nextAt).toBeGreaterThan(now);
      now = pacer.nextAt;
      expect(pacer.due(now).length).toBeGreaterThan(0);
      expect(rounds).toBeLessThan(100);
    }
  });

  it('sends sound first and at once, then resends, then pictures', () => {
    const pacer = new Pacer({ bitrate: 500_000 });
    pacer.push([...packets(40), packet(900, 'resend'), packet(100, 'audio')]);
    expect(
      pacer
        .due(0)
        .slice(0, 3)
        .map(({ urgency }) => urgency),
    ).toEqual(['audio', 'resend', 'video']);
    pacer.push([packet(100, 'audio')]);
    expect(pacer.nextAt).toBe(-Infinity);
    expect(pacer.due(0).map(({ urgency }) => urgency)).toEqual(['audio']);
  });

  it('holds no more than its bound', () => {
    const pacer = new Pacer({ bitrate: 500_000 });
    let refused = 0;
    for (let index = 0; index < 100; index++) if (!pacer.push(packets(95))) refused++;
    expect(refused).toBeGreaterThan(50);
    expect(pacer.overflowed).toBe(refused * 95);
  });
});

describe('SendLog', () => {
  it('finds out what became of each packet from the feedback on it', () => {
    const random = new Random(4);
    const log = new SendLog();
    const pacer = new Pacer({ bitrate: 5_000_000, stamp: log });
    const generator = new TwccGenerator(1);
    let [sent, lost, told, toldLost] = [0, 0, 0, 0];
    for (let now = 0; now < 60_000; now += 1) {
      if (now % 33 === 0) pacer.push(packets(40, 300));
      for (const { data } of pacer.due(now)) {
        sent++;
        if (random.next() < 0.1) lost++;
        else generator.onPacket(((data[2] ?? 0) << 8) | (data[3] ?? 0), now + 12.25, 7);
      }
      for (const feedback of generator.due(now + 13)) {
        const outcome = log.onFeedback(feedback);
        for (const { sentAt, arrivedAt, size } of outcome.packets) {
          told++;
          expect(size).toBe(300);
          if (arrivedAt === undefined) toldLost++;
          else expect(arrivedAt - sentAt).toBeCloseTo(12.25, 5);
        }
      }
    }
    expect(sent).toBeGreaterThan(70_000);
    expect(toldLost / lost).toBeGreaterThan(0.99);
    expect(told).toBeGreaterThanOrEqual(sent - 80);
    expect(told).toBeLessThanOrEqual(sent);
  });

  it('takes feedback on packets it never sent for nothing', () => {
    const feedback = {
      type: 'transport-feedback',
      senderSsrc: 1,
      mediaSsrc: 2,
      feedbackCount: 0,
      referenceTime: 0,
    } as const;
    const outcome = new SendLog().onFeedback({ ...feedback, baseSequence: 40_000, arrivals: Int32Array.of(1, 2) });
    expect(outcome).toEqual({ packets: [], fractionLost: 0 });
  });

  it('writes abs-send-time as 6.18 fixed point', () => {
    const timed = { ...packet(20), transportSequenceAt: -1, sendTimeAt: 5 };
    new SendLog().stamp(timed, 64_000 + 1500);
    expect([...timed.data.subarray(5, 8)]).toEqual([0x06, 0, 0]);
  });
});

describe('LossBasedRate', () => {
  const rate = () => new LossBasedRate({ start: 1_000_000, minimum: 200_000, maximum: 2_000_000 });

  it('falls with loss above a tenth, once for each round of reports', () => {
    const control = rate();
    expect(control.onLoss(0.2, 0)).toBeCloseTo(900_000);
    expect(control.onLoss(0.2, 100)).toBeCloseTo(900_000);
    expect(control.onLoss(0.2, 400)).toBeCloseTo(810_000);
  });

  it('rises by a twentieth a second without loss, however often it is told', () => {
    const control = rate();
    for (let now = 0; now <= 2000; now += 50) control.onLoss(0, now);
    expect(control.rate).toBeCloseTo(1_000_000 * 1.05 ** 2, -1);
  });

  it('stays in between, within its bounds and under what the receiver can take', () => {
    const control = rate();
    expect(control.onLoss(0.05, 0)).toBe(1_000_000);
    for (let now = 0; now < 60_000; now += 1000) control.onLoss(0.9, now);
    expect(control.rate).toBe(200_000);
    for (let now = 60_000; now < 200_000; now += 1000) control.onLoss(0, now);
    expect(control.rate).toBe(2_000_000);
    expect(control.onEstimate(700_000)).toBe(700_000);
  });
});

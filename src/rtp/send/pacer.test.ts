import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import type { OutgoingPacket, Urgency } from '../packet/outgoing-packet.ts';
import { TwccGenerator } from '../receive/twcc-generator.ts';
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
  it('lets ordinary pictures pass at once', () => {
    const pacer = new Pacer({ bitrate: 3_500_000 });
    for (let index = 0; index < 90; index++) {
      // 2.5 Mbit/s at 30 frames a second.
      pacer.push(packets(9));
      expect(pacer.due(index * 33.3)).toHaveLength(9);
      expect(pacer.nextAt).toBe(Infinity);
    }
  });

  it('puts no more into the queue of a narrow way than it carries in about a frame', () => {
    const pacer = new Pacer({ bitrate: 1_000_000 });
    // What was saved for the first picture is used up.
    pacer.push(packets(12));
    drain(pacer, 0);
    for (let index = 1; index < 30; index++) {
      // 1.5 frames of it.
      pacer.push(packets(5, 1200));
      const left = drain(pacer, index * 50);
      expect(left.filter((at) => at === index * 50).length).toBeLessThanOrEqual(3);
      expect((left.at(-1) ?? 0) - index * 50).toBeLessThanOrEqual(12);
    }
  });

  it('spreads a keyframe over the time that it takes at 2.5 times the estimate', () => {
    const pacer = new Pacer({ bitrate: 2_500_000 });
    pacer.push(packets(95, 1156));
    const left = drain(pacer, 1000);
    expect(left).toHaveLength(95);
    // Without the first burst: (95 × 1200 − 12,000) × 8 / 6.25 Mbit/s.
    expect((left.at(-1) ?? 0) - 1000).toBeGreaterThan(125);
    expect((left.at(-1) ?? 0) - 1000).toBeLessThan(140);
  });

  it('lets nothing wait for long, however low the estimate is', () => {
    const pacer = new Pacer({ bitrate: 100_000 });
    pacer.push(packets(80));
    const left = drain(pacer, 0);
    expect(left.at(-1)).toBeGreaterThan(100);
    expect(left.at(-1)).toBeLessThanOrEqual(200);
    pacer.push(packets(6));
    expect(drain(pacer, 1000).at(-1)).toBeGreaterThan(1050);
  });

  it('throws what waits away, but sound', () => {
    const pacer = new Pacer({ bitrate: 500_000 });
    pacer.push([...packets(40), packet(900, 'resend'), packet(100, 'audio')]);
    pacer.clear();
    expect(pacer.queue).toBe(0);
    expect(pacer.due(0).map(({ urgency }) => urgency)).toEqual(['audio']);
    expect(pacer.nextAt).toBe(Infinity);
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

  it('lets little more than nothing leave while it is braked, and sound as ever', () => {
    const pacer = new Pacer({ bitrate: 2_000_000 });
    pacer.push(packets(12));
    drain(pacer, 0);
    pacer.braked = true;
    pacer.push([...packets(40), packet(100, 'audio')]);
    let left = 0;
    // A quarter of the estimate for half a second: 26 packets of 1,200 bytes.
    for (let now = 100; now < 600; now++) left += pacer.due(now).length;
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThan(30);
    pacer.braked = false;
    expect(drain(pacer, 600).at(-1)).toBeLessThan(660);
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
    // Sound is none of it.
    expect(pacer.push([packet(100, 'audio')])).toBe(true);
  });

  it('keeps room for pictures where resends fill the queue', () => {
    const pacer = new Pacer({ bitrate: 500_000 });
    let taken = 0;
    while (pacer.push([packet(1150, 'resend')])) taken++;
    expect(taken).toBeGreaterThan(20);
    expect(pacer.push(packets(30))).toBe(true);
  });
});

describe('a probe', () => {
  const probe = { id: 7, bitrate: 6_000_000, bytes: 12_000, packets: 5 };

  /** Sends a probe from 100 ms on while pictures of `size` packets come each 33 ms; what left, when, as part of what. */
  function run(size: number, padding: boolean): { at: number; urgency: Urgency; probe: number | undefined }[] {
    const left: { at: number; urgency: Urgency; probe: number | undefined }[] = [];
    const pacer = new Pacer({
      bitrate: 1_000_000,
      stamp: { stamp: ({ urgency }, at, id) => left.push({ at, urgency, probe: id }) },
      padding: (bytes) => (padding ? [packet(Math.max(200, bytes), 'padding')] : []),
    });
    for (let now = 0; now < 1000; now++) {
      if (now === 100) pacer.probe(probe);
      if (now % 33 === 0) pacer.push(packets(size));
      if (now >= pacer.nextAt) pacer.due(now);
    }
    return left;
  }

  it('leaves at its own rate, media first, then padding', () => {
    const left = run(3, true).filter((each) => each.probe === 7);
    expect(left.map(({ urgency }) => urgency)).toContain('padding');
    expect(left.length).toBeGreaterThanOrEqual(11);
    const took = (left.at(-1)?.at ?? 0) - (left[0]?.at ?? 0);
    // 12,000 bytes at 6 Mbit/s are 16 ms, the last packet leaves at their end.
    expect(took).toBeGreaterThan(12);
    expect(took).toBeLessThan(18);
  });

  it('is made of the pictures that come where nothing can be padded, and ends', () => {
    const left = run(3, false);
    const probed = left.filter((each) => each.probe === 7);
    expect(probed.length).toBeGreaterThanOrEqual(10);
    expect(probed.every(({ urgency }) => urgency === 'video')).toBe(true);
    expect(left.at(-1)?.probe).toBeUndefined();
    expect(left).toHaveLength(31 * 3);
  });

  it('waits for the first picture', () => {
    const pacer = new Pacer({ bitrate: 1_000_000, padding: () => [] });
    pacer.probe(probe);
    expect(pacer.due(0)).toEqual([]);
    expect(pacer.nextAt).toBe(Infinity);
    pacer.push(packets(2));
    expect(pacer.nextAt).toBeLessThanOrEqual(5000);
    expect(pacer.due(5000)).toHaveLength(1);
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
        const outcome = log.onFeedback(feedback, now + 25);
        for (const { sentAt, arrivedAt, size } of outcome.packets) {
          told++;
          expect(size).toBe(344);
          if (arrivedAt === undefined) toldLost++;
          else expect(arrivedAt - sentAt).toBeCloseTo(12.25, 5);
        }
      }
    }
    expect(sent).toBeGreaterThan(70_000);
    expect(toldLost / lost).toBeGreaterThan(0.99);
    expect(told).toBeGreaterThanOrEqual(sent - 80);
    expect(told).toBeLessThanOrEqual(sent);
    expect(log.inFlight).toBeLessThanOrEqual(80 * 344);
    // 12.25 ms there, 12.75 ms back; what has waited longest for its feedback does not count.
    expect(log.roundTrip).toBeGreaterThanOrEqual(25);
    expect(log.roundTrip).toBeLessThan(27);
  });

  it('takes feedback on packets it never sent for nothing', () => {
    const feedback = {
      type: 'transport-feedback',
      senderSsrc: 1,
      mediaSsrc: 2,
      feedbackCount: 0,
      referenceTime: 0,
    } as const;
    const outcome = new SendLog().onFeedback({ ...feedback, baseSequence: 40_000, arrivals: Int32Array.of(1, 2) }, 0);
    expect(outcome).toMatchObject({ packets: [], fractionLost: 0 });
  });

  it('writes abs-send-time as 6.18 fixed point', () => {
    const timed = { ...packet(20), transportSequenceAt: -1, sendTimeAt: 5 };
    new SendLog().stamp(timed, 64_000 + 1500);
    expect([...timed.data.subarray(5, 8)]).toEqual([0x06, 0, 0]);
  });
});

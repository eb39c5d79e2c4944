import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { lost, received } from '../../../test/support/outcomes.ts';
import type { PacketOutcome } from '../send/send-log.ts';
import { CongestionController } from './congestion-controller.ts';

const BOUNDS = { start: 1_000_000, minimum: 100_000, maximum: 3_000_000 };
const outcomeOf = (packets: readonly PacketOutcome[], inFlight = 0) => ({
  packets,
  inFlight,
  fractionLost: packets.filter(({ arrivedAt }) => arrivedAt === undefined).length / Math.max(1, packets.length),
});

/** Five packets each 50 ms from `from` to `until`, told of at once. */
function feed(controller: CongestionController, from: number, until: number): void {
  for (let now = from; now < until; now += 50) {
    for (let sentAt = now - 50; sentAt < now; sentAt += 10) controller.onSent(1200, sentAt);
    controller.poll(now);
    controller.onFeedback(outcomeOf([50, 40, 30, 20, 10].map((ago) => received(now - ago))), now);
  }
}

describe('CongestionController', () => {
  it('refuses bounds that make no sense', () => {
    expect(() => new CongestionController({ ...BOUNDS, minimum: 0 })).toThrow(TypeError);
    expect(() => new CongestionController({ ...BOUNDS, minimum: 4_000_000 })).toThrow(TypeError);
    expect(() => new CongestionController({ ...BOUNDS, start: NaN })).toThrow(TypeError);
  });

  it('lives from receiver reports until there is transport-wide feedback, and from then on without', () => {
    const controller = new CongestionController(BOUNDS);
    controller.onLoss(0.5, 1000);
    expect(controller.estimate).toBe(750_000);
    feed(controller, 2000, 3000);
    const before = controller.estimate;
    controller.onLoss(0.5, 4000);
    expect(controller.estimate).toBe(before);
  });

  it('never says more than the receiver can take, nor more than is of use', () => {
    const controller = new CongestionController(BOUNDS);
    controller.onReceiverEstimate(700_000, 0);
    expect(controller.estimate).toBe(700_000);
    controller.onReceiverEstimate(5_000_000, 0);
    controller.maximum = 800_000;
    expect(controller.estimate).toBe(800_000);
    controller.maximum = 50_000;
    expect(controller.estimate).toBe(100_000);
  });

  it('sends less and less while no feedback comes, says when, and probes for the old rate afterwards', () => {
    const controller = new CongestionController(BOUNDS);
    controller.onRoundTrip(50);
    feed(controller, 50, 10_000);
    const before = controller.estimate;
    controller.onSent(1200, 10_000);
    const halvedAt = controller.nextAt;
    expect(halvedAt).toBeLessThan(10_500);
    for (let now = 10_000; now < 13_000; now += 10) expect(controller.poll(now)).toBeUndefined();
    expect(controller.estimate).toBe(100_000);
    controller.onFeedback(outcomeOf([lost(9990), lost(10_000), received(13_000)]), 13_050);
    expect(controller.estimate).toBeCloseTo(0.7 * before, -3);
    expect(controller.poll(13_060)?.bitrate).toBeCloseTo(before, -3);
  });

  it('takes what is lost in an interruption for no reason to send less', () => {
    const controller = new CongestionController(BOUNDS);
    feed(controller, 50, 10_000);
    for (let now = 10_000; now < 13_000; now += 10) {
      controller.onSent(1200, now);
      controller.poll(now);
    }
    const missed = Array.from({ length: 300 }, (_, index) => lost(10_000 + index * 10));
    controller.onFeedback(outcomeOf([...missed, received(13_000)]), 13_050);
    feed(controller, 13_100, 14_000);
    expect(controller.estimate).toBeGreaterThan(700_000);
  });

  it('lowers the rate in steps, and has the pacer wait, while more is in flight than a narrower link can hold', () => {
    const controller = new CongestionController(BOUNDS);
    controller.onRoundTrip(20);
    feed(controller, 50, 10_000);
    const before = controller.estimate;
    const half = (now: number) => [40, 20].map((ago) => received(now - ago));
    for (let now = 10_000; now < 10_200; now += 50) {
      for (let sentAt = now - 50; sentAt < now; sentAt += 10) controller.onSent(1200, sentAt);
      controller.onFeedback(outcomeOf(half(now), 3000 + (now - 9950) * 60), now);
      if (now === 10_000) expect(controller.full).toBe(false);
    }
    expect(controller.full).toBe(true);
    expect(controller.estimate).toBeLessThan(0.6 * before);
    expect(controller.estimate).toBeGreaterThan(0.2 * before);
    controller.onFeedback(outcomeOf(half(10_250), 2000), 10_250);
    expect(controller.full).toBe(false);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('stays finite and within its bounds whatever it is told (seed %i)', (seed) => {
    const random = new Random(seed);
    const controller = new CongestionController(BOUNDS);
    let now = random.between(-1e6, 1e12);
    for (let step = 0; step < 3000; step++) {
      now += random.next() < 0.02 ? random.between(0, 1e5) : random.between(0, 60);
      tellAnything(controller, random, now);
      expect(controller.estimate).toBeGreaterThanOrEqual(BOUNDS.minimum);
      expect(controller.estimate).toBeLessThanOrEqual(BOUNDS.maximum);
      expect(controller.nextAt).not.toBeNaN();
    }
  });
});

/** Something that a peer might say, sense or not. */
function tellAnything(controller: CongestionController, random: Random, now: number): void {
  const wild = () => (random.next() < 0.1 ? random.between(-1e9, 1e9) : random.between(0, 200));
  const probe = controller.poll(now);
  switch (random.below(7)) {
    case 0:
      return controller.onLoss(random.next(), now);
    case 1:
      return controller.onReceiverEstimate(random.next() < 0.5 ? 0 : random.between(0, 2 ** 63), now);
    case 2:
      return controller.onRoundTrip(random.next() < 0.1 ? 0 : random.between(0, 1e5));
    case 3:
      return controller.onSent(random.below(1500), now);
    default: {
      const packets = Array.from({ length: random.below(40) }, () => ({
        position: random.below(1000),
        probe: random.next() < 0.2 ? (probe?.id ?? random.below(20)) : undefined,
        sentAt: now - wild(),
        size: random.below(1500),
        arrivedAt: random.next() < 0.2 ? undefined : now + wild(),
      }));
      controller.onFeedback(outcomeOf(packets, random.below(1e6)), now);
    }
  }
}

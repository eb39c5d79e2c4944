import { expect, it } from 'vitest';
import { received } from '../../../test/support/outcomes.ts';
import { InFlightWindow } from './in-flight-window.ts';

const SIZE = 1250;
const ROUND_TRIP = 20;

/** A packet each 10 ms (1 Mbit/s) for `duration`; of each 50 ms, `arriving` packets are told of. */
function send(window: InFlightWindow, from: number, duration: number, arriving = 5): number {
  const end = from + duration;
  for (let now = from + 50; now <= end; now += 50) {
    for (let sentAt = now - 50; sentAt < now; sentAt += 10) window.onSent(SIZE, sentAt);
    const packets = Array.from({ length: arriving }, (_, index) => ({
      ...received(now - 50 + index * 10),
      size: SIZE,
    }));
    window.onFeedback(packets, now);
  }
  return end;
}

it('is not full while all that is sent arrives, however much is on its way: a long way, or a keyframe', () => {
  const window = new InFlightWindow();
  const now = send(window, 0, 5000);
  expect(window.isFull(1_000_000, ROUND_TRIP, now)).toBe(false);
});

it('is not full where little arrives because little is sent', () => {
  const window = new InFlightWindow();
  let now = send(window, 0, 5000);
  now = send(window, now, 200, 2);
  expect(window.isFull(10_000, ROUND_TRIP, now)).toBe(false);
});

it('is full once less arrives than is sent, and more is in flight than 100 ms beyond a round trip', () => {
  const window = new InFlightWindow();
  let now = send(window, 0, 5000);
  now = send(window, now, 200, 2);
  // 125 bytes a millisecond for 120 ms.
  expect(window.isFull(14_000, ROUND_TRIP, now)).toBe(false);
  expect(window.isFull(16_000, ROUND_TRIP, now)).toBe(true);
  expect(window.arriving).toBeGreaterThan(300_000);
  expect(window.arriving).toBeLessThan(550_000);
});

it('leaves more room where feedback comes seldom', () => {
  const window = new InFlightWindow();
  let now = 0;
  for (; now < 5000; now += 200) {
    for (let sentAt = now; sentAt < now + 200; sentAt += 10) window.onSent(SIZE, sentAt);
    window.onFeedback([{ ...received(now), size: SIZE }], now + 200);
  }
  expect(window.isFull(45_000, ROUND_TRIP, now)).toBe(false);
  expect(window.isFull(60_000, ROUND_TRIP, now)).toBe(true);
});

it('forgets what came before a jump of the receiver’s clock, however often it jumps', () => {
  const window = new InFlightWindow();
  let now = send(window, 0, 5000);
  for (let count = 0; count < 5000; count++) {
    window.onFeedback([{ ...received(now), arrivedAt: count % 2 === 0 ? 5e8 : now, size: SIZE }], (now += 10));
  }
  expect(window.arriving).toBeLessThan(200_000);
  now = send(window, now, 1000);
  expect(window.arriving).toBeGreaterThan(800_000);
});

it('says nothing in the first second', () => {
  const window = new InFlightWindow();
  const now = send(window, 0, 500, 1);
  expect(window.isFull(1_000_000, ROUND_TRIP, now)).toBe(false);
});

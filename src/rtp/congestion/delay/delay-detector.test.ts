import { expect, it } from 'vitest';
import { received } from '../../../../test/support/outcomes.ts';
import { DelayDetector } from './delay-detector.ts';

/** Packets sent each 10 ms from `from` on, feedback each 50 ms; how many were told of when it first was over-use. */
function send(detector: DelayDetector, from: number, count: number, delay: (index: number) => number) {
  let over: number | undefined;
  for (let index = 0; index < count; index += 5) {
    const packets = Array.from({ length: 5 }, (_, one) => {
      const sentAt = from + (index + one) * 10;
      return received(sentAt, { arrivedAt: sentAt + delay(index + one) });
    });
    if (detector.push(packets, from + index * 10 + 100) === 'over') over ??= index + 5;
  }
  return over;
}

it('finds a queue that grows by a fifth of the time within 400 ms, and one that drains', () => {
  const detector = new DelayDetector();
  expect(send(detector, 0, 200, () => 20)).toBeUndefined();
  expect(send(detector, 2000, 50, (index) => 20 + index * 2)).toBeLessThanOrEqual(40);
  send(detector, 2500, 30, (index) => 120 - index * 3);
  expect(detector.usage).toBe('under');
});

it('takes no pause for a queue', () => {
  const detector = new DelayDetector();
  send(detector, 0, 200, () => 20);
  expect(send(detector, 9000, 200, () => 220)).toBeUndefined();
});

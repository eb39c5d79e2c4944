import { describe, expect, it } from 'vitest';
import { StandingQueue } from './standing-queue.ts';

/** A feedback each 50 ms from `from` on. */
function push(queue: StandingQueue, from: number, duration: number, delay: (at: number) => number): void {
  for (let at = from; at < from + duration; at += 50) queue.push(delay(at), at);
}

describe('StandingQueue', () => {
  it('asks for nothing on a way without queue, jitter or not, whatever the clocks show', () => {
    const queue = new StandingQueue();
    expect(queue.share).toBe(1);
    push(queue, 0, 5000, (at) => -7_000_000 + ((at * 7) % 50));
    expect(queue.delay).toBeLessThan(60);
    expect(queue.share).toBe(1);
  });

  it('leaves a quarter of the rate over half a second of queue and gives it back as the queue drains', () => {
    const queue = new StandingQueue();
    push(queue, 0, 5000, () => 30);
    push(queue, 5000, 500, () => 530);
    expect(queue.delay).toBe(500);
    expect(queue.share).toBe(0.25);
    push(queue, 5500, 500, () => 180);
    expect(queue.share).toBeCloseTo(1 - (150 - 60) / 450, 5);
    push(queue, 6000, 500, () => 35);
    expect(queue.share).toBe(1);
  });

  it('takes a longer way for what it is after 30 s', () => {
    const queue = new StandingQueue();
    push(queue, 0, 5000, () => 30);
    push(queue, 5000, 32_000, () => 330);
    expect(queue.delay).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { Trendline } from './trendline.ts';

/** Slope after `count` groups that each come 33 ms and `delta` after the one before. */
function slopeAfter(count: number, delta: (index: number) => number): number {
  const line = new Trendline();
  let at = 0;
  for (let index = 0; index < count; index++) line.push(delta(index), (at += 33 + delta(index)));
  return line.slope;
}

describe('Trendline', () => {
  it('says nothing until its window is full', () => {
    expect(slopeAfter(19, () => 10)).toBe(0);
    expect(slopeAfter(20, () => 10)).toBeGreaterThan(0);
  });

  it('comes to the share by which too much is sent', () => {
    // 3.3 ms more each 36.3 ms: a queue that grows by a tenth of the time at the sender.
    expect(slopeAfter(200, () => 3.3)).toBeCloseTo(3.3 / 36.3, 4);
    expect(slopeAfter(200, () => -3.3)).toBeCloseTo(-3.3 / 29.7, 4);
  });

  it('is level over a queue that stands, and hardly moved by jitter', () => {
    expect(slopeAfter(100, (index) => (index < 20 ? 5 : 0))).toBeCloseTo(0, 3);
    expect(Math.abs(slopeAfter(100, (index) => (index % 2 === 0 ? 8 : -8)))).toBeLessThan(0.005);
  });

  it('keeps its slope when all groups come at once', () => {
    const line = new Trendline();
    for (let index = 0; index < 30; index++) line.push(1, 5);
    expect(line.slope).toBe(0);
  });
});

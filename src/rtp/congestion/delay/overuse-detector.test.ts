import { describe, expect, it } from 'vitest';
import { OveruseDetector } from './overuse-detector.ts';

/** Detects `count` groups of 33 ms with the given slopes; gives what was said last. */
function detect(detector: OveruseDetector, slopes: readonly number[], start = 0) {
  slopes.forEach((slope, index) => detector.detect(slope, 33, start + index * 33));
  return detector.usage;
}
const level = (count: number, slope = 0) => new Array<number>(count).fill(slope);

describe('OveruseDetector', () => {
  it('needs time and growth for over-use', () => {
    const detector = new OveruseDetector();
    detect(detector, level(60));
    // 0.1 × 60 × 4 = 24, twice the threshold; one group of it may be chance.
    expect(detect(detector, [0.1], 2000)).toBe('normal');
    expect(detect(detector, [0.11], 2033)).toBe('over');
    const falling = new OveruseDetector();
    detect(falling, level(60));
    expect(detect(falling, [0.16, 0.15, 0.14, 0.13, 0.12], 2000)).toBe('normal');
  });

  it('sees a queue drain, and the end of it', () => {
    const detector = new OveruseDetector();
    detect(detector, level(60));
    expect(detect(detector, [-0.1], 2000)).toBe('under');
    expect(detect(detector, [0], 2033)).toBe('normal');
  });

  it('raises its threshold slowly beside others who fill the queue, and lowers it again', () => {
    const detector = new OveruseDetector();
    detect(detector, level(60, 0.02));
    const before = detector.threshold;
    // 0.08 × 240 = 19.2: above, but no spike.
    detect(detector, level(60, 0.08), 2000);
    const raised = detector.threshold;
    expect(raised).toBeGreaterThan(before + 5);
    detect(detector, level(60, 0), 4000);
    expect(detector.threshold).toBe(6);
  });

  it('does not learn from a spike', () => {
    const detector = new OveruseDetector();
    detect(detector, level(60, 0.02));
    const before = detector.threshold;
    detect(detector, level(20, 0.5), 2000);
    expect(detector.threshold).toBe(before);
  });
});

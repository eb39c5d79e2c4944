import { describe, expect, it } from 'vitest';
import { LANDMARKS } from '../face.ts';
import { LandmarkSmoother } from './smoother.ts';
import { SteadyFilter } from './steady-filter.ts';

/** A cloud of points about 200 pixels wide, the same each time. */
function cloud(): Float32Array {
  const points = new Float32Array(LANDMARKS * 3);
  for (let k = 0; k < LANDMARKS; k++) {
    const angle = k * 2.399963;
    const radius = 100 * Math.sqrt((k + 0.5) / LANDMARKS);
    points.set([300 + radius * Math.cos(angle), 200 + radius * Math.sin(angle), -0.004 * radius * radius], 3 * k);
  }
  return points;
}

/** Repeatable noise of deviation about 1. */
function noise(): () => number {
  let state = 7;
  const uniform = (): number => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  return () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.73;
}

/** `points` turned about the vertical axis through x = 300 and moved to the right. */
function moved(points: Float32Array, yaw: number, right: number): Float32Array {
  const out = points.slice();
  for (let k = 0; k < out.length; k += 3) {
    const x = points[k]! - 300;
    out[k] = 300 + right + x * Math.cos(yaw) - points[k + 2]! * Math.sin(yaw);
    out[k + 2] = x * Math.sin(yaw) + points[k + 2]! * Math.cos(yaw);
  }
  return out;
}

const meanDistance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let k = 0; k < a.length; k += 3) sum += Math.hypot(a[k]! - b[k]!, a[k + 1]! - b[k + 1]!);
  return sum / LANDMARKS;
};

describe('LandmarkSmoother', () => {
  it('gives back what does not move', () => {
    const smoother = new LandmarkSmoother();
    const out = new Float32Array(LANDMARKS * 3);
    for (let frame = 0; frame < 5; frame++) smoother.smooth(cloud(), frame * 33, out);

    expect(meanDistance(out, cloud())).toBeLessThan(1e-3);
  });

  it('takes most of the trembling out of a face at rest', () => {
    const smoother = new LandmarkSmoother();
    const random = noise();
    const [out, last] = [new Float32Array(LANDMARKS * 3), new Float32Array(LANDMARKS * 3)];
    let [before, after] = [0, 0];
    let previous = cloud();
    for (let frame = 0; frame < 60; frame++) {
      const noisy = cloud().map((value) => value + 0.4 * random());
      last.set(out);
      smoother.smooth(noisy, frame * 33.3, out);
      if (frame > 30) {
        before += meanDistance(noisy, previous);
        after += meanDistance(out, last);
      }
      previous = noisy;
    }

    expect(after).toBeLessThan(0.3 * before);
  });

  it('is hardly late on a head that moves and turns fast', () => {
    const smoother = new LandmarkSmoother();
    const out = new Float32Array(LANDMARKS * 3);
    let worst = 0;
    for (let frame = 0; frame < 60; frame++) {
      const phase = frame / 4;
      const truth = moved(cloud(), 0.3 * Math.sin(phase), 50 * Math.sin(phase));
      smoother.smooth(truth, frame * 33.3, out);
      worst = Math.max(worst, meanDistance(out, truth));
    }

    // At its fastest the head moves 12.5 pixels a frame.
    expect(worst).toBeLessThan(12.5 * 0.25);
  });

  it('starts over after a gap, a jump back of the clock and a reset', () => {
    const smoother = new LandmarkSmoother();
    const out = new Float32Array(LANDMARKS * 3);
    const there = moved(cloud(), 0.1, 80);
    for (const [at, reset] of [
      [2000, false],
      [1000, false],
      [1033, true],
    ] as const) {
      smoother.smooth(cloud(), at - 1500, out);
      if (reset) smoother.reset();
      smoother.smooth(there, at, out);
      expect(meanDistance(out, there)).toBeLessThan(1e-3);
    }
  });
});

describe('SteadyFilter', () => {
  it('gives the same over half as many frames of twice the length, nearly', () => {
    const settings = { restGain: 0.2, noise: 10, speedGain: 0 };
    const [fast, slow] = [new SteadyFilter(1, 1, settings), new SteadyFilter(1, 1, settings)];
    let [a, b] = [new Float64Array(1), new Float64Array(1)];
    for (let k = 0; k < 10; k++) fast.filter((a = Float64Array.of(1)), 1 / 30);
    for (let k = 0; k < 5; k++) slow.filter((b = Float64Array.of(1)), 1 / 15);

    expect(b[0]).toBeCloseTo(a[0]!, 1);
    expect(a[0]).toBeGreaterThan(0.85);
  });
});

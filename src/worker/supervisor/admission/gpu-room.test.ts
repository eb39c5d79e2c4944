import { describe, expect, test } from 'vitest';
import { GpuRoom, type MeasuredGpus, type NetworkNeed } from './gpu-room.ts';

const small: NetworkNeed = { recipe: 'small', faces: 30, enhanced: 1 };
const large: NetworkNeed = { recipe: 'large', faces: 30, enhanced: 1 };

/** What GPUs with these loads do: each 1000 faces a second with the small network, 100 with the large one. */
function measured(...loads: (number | null)[]): MeasuredGpus {
  const recipes = [
    { name: 'small', facesPerSecond: 1000 * loads.length },
    { name: 'large', facesPerSecond: 100 * loads.length },
  ];
  return { gpus: loads.map((load) => ({ load })), recipes };
}

/** `fits`, or the code of why not, with `never` if nor without the others. */
function ask(figures: MeasuredGpus | undefined, need: NetworkNeed, others: readonly NetworkNeed[]): string {
  const refused = new GpuRoom(() => figures).refusal(need, others);
  if (refused === undefined) return 'fits';
  return refused.never ? `${refused.error.code} never` : refused.error.code;
}

describe('room on the GPUs', () => {
  test('is what was measured, less a reserve, whether or not the broker has heard of the sessions', () => {
    // 28 × 30 of 1000 faces a second are 0.84, one more is 0.87.
    for (const told of [0, 0.3, 0.81]) expect(ask(measured(told), small, Array(27).fill(small))).toBe('fits');
    for (const told of [0, 0.3, 0.84]) expect(ask(measured(told), small, Array(28).fill(small))).toBe('capacity_full');
  });

  test('is there again at once when a session has left', () => {
    expect(ask(measured(0.84), small, Array(27).fill(small))).toBe('fits');
    expect(ask(measured(0.84), large, [])).toBe('fits');
  });

  test('is shared by recipes, each at its own cost', () => {
    expect(ask(measured(0), large, [large])).toBe('fits');
    expect(ask(measured(0.3), small, [large, large])).toBe('fits');
    expect(ask(measured(0), large, [large, large])).toBe('capacity_full');
  });

  test('counts the enhancer on the share of frames that it runs on', () => {
    const figures = { gpus: [{ load: 0 }], recipes: [{ name: 'fine', facesPerSecond: 100, plainFacesPerSecond: 400 }] };
    const every = (frames: number): NetworkNeed => ({ recipe: 'fine', faces: 30, enhanced: 1 / frames });
    // 0.3 each where it runs on every frame, 0.15 where on every third one, of which 0.85 are given.
    expect([2, 3].map((count) => ask(figures, every(1), Array(count - 1).fill(every(1))))).toEqual([
      'fits',
      'capacity_full',
    ]);
    expect([5, 6].map((count) => ask(figures, every(3), Array(count - 1).fill(every(3))))).toEqual([
      'fits',
      'capacity_full',
    ]);
    expect(ask(figures, { ...every(1), enhanced: 0 }, Array(9).fill({ ...every(1), enhanced: 0 }))).toBe('fits');
  });

  test('is one GPU’s: what is left of two does not add up', () => {
    const four = Array(4).fill(large);
    // 0.6 on each, though 0.5 is left of both together.
    expect(ask(measured(0.6, 0.6), large, four)).toBe('capacity_full');
    expect(ask(measured(0, 0), large, four)).toBe('capacity_full');
    expect(ask(measured(0.6, 0.6), small, four)).toBe('fits');
    expect(ask(measured(0.9, 0.3), large, four)).toBe('fits');
  });

  test('is not on a GPU that has lost its workers', () => {
    expect(ask(measured(null, 0.6), large, [large, large])).toBe('capacity_full');
    expect(ask(measured(null, null), large, [])).toBe('worker_lost');
  });

  test('is not promised before it was measured', () => {
    expect(ask(measured(0), { ...small, recipe: 'other' }, [])).toBe('worker_lost');
    expect(ask(undefined, small, [])).toBe('worker_lost');
  });

  test('is never there for what takes more than a whole GPU', () => {
    expect(ask(measured(0, 0), { ...large, faces: 120 }, [])).toBe('capacity_full never');
  });
});

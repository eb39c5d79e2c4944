import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../test/support/code-of.ts';
import { admitToGpus, type NetworkNeed } from './gpu-room.ts';

const table = [{ batch: 1, p50: 1, p99: 1 }];
const figures = {
  recipes: [
    { name: 'small', facesPerSecond: 1000, table },
    { name: 'large', facesPerSecond: 100, table },
  ],
};
const small: NetworkNeed = { recipe: 'small', faces: 30 };
const large: NetworkNeed = { recipe: 'large', faces: 30 };

function verdict(need: NetworkNeed, others: NetworkNeed[], known: typeof figures | undefined = figures): string {
  return codeOf(() => admitToGpus(need, others, known));
}

describe('room on the GPUs', () => {
  test('is what was measured, less a reserve', () => {
    // 28 × 30 of 1000 faces a second are 0.84, one more is 0.87.
    expect(verdict(small, Array<NetworkNeed>(27).fill(small))).toBe('none');
    expect(verdict(small, Array<NetworkNeed>(28).fill(small))).toBe('capacity_full');
  });

  test('is shared by recipes, each at its own cost', () => {
    expect(verdict(large, [large])).toBe('none');
    expect(verdict(small, [large, large])).toBe('none');
    expect(verdict(large, [large, large])).toBe('capacity_full');
  });

  test('is not promised before it was measured', () => {
    expect(verdict({ recipe: 'other', faces: 30 }, [])).toBe('worker_lost');
    expect(codeOf(() => admitToGpus(small, [], undefined))).toBe('worker_lost');
  });
});

import { describe, expect, it } from 'vitest';
import { LANDMARKS } from '../face.ts';
import { Stillness } from './stillness.ts';

const SIZE = 200;

function face(offset = 0, chin = 0): Float32Array {
  const points = new Float32Array(LANDMARKS * 3).map((_, k) => 300 + (k % 7) * 20 + offset);
  points[152 * 3 + 1]! += chin;
  return points;
}

describe('Stillness', () => {
  it('counts from the last movement, of the head or of one part of it', () => {
    const stillness = new Stillness();

    expect(stillness.update(face(), SIZE, 0)).toBe(0);
    expect(stillness.update(face(1), SIZE, 1000)).toBe(1000);
    expect(stillness.update(face(6), SIZE, 1500)).toBe(0);
    expect(stillness.update(face(6), SIZE, 2500)).toBe(1000);
    expect(stillness.update(face(6, 5), SIZE, 2600)).toBe(0);
  });

  it('sees movement that is too slow to be seen from one frame to the next', () => {
    const stillness = new Stillness();
    let longest = 0;
    for (let frame = 0; frame < 300; frame++) {
      longest = Math.max(longest, stillness.update(face(frame * 0.05), SIZE, frame * 33));
    }

    expect(longest).toBeLessThan(3000);
  });
});

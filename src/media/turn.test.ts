import { describe, expect, it } from 'vitest';
import { allocI420, type I420 } from './plane.ts';
import { turnI420, type QuarterTurns } from './turn.ts';

function numbered(width: number, height: number): I420 {
  const picture = allocI420(width, height);
  picture.y.forEach((_, at) => (picture.y[at] = at));
  picture.u.forEach((_, at) => (picture.u[at] = 100 + at));
  picture.v.forEach((_, at) => (picture.v[at] = 200 + at));
  return picture;
}

describe('turning a picture', () => {
  it('moves its rows clockwise into columns', () => {
    // 0 1 2      3 0
    // 3 4 5  →   4 1
    //            5 2
    const { width, height, y } = turnI420(numbered(3, 2), 1);
    expect([width, height]).toEqual([2, 3]);
    expect([...y]).toEqual([3, 0, 4, 1, 5, 2]);
  });

  it.each<QuarterTurns>([0, 1, 2, 3])('%i times and the rest of the way round gives the same picture', (turns) => {
    const source = numbered(5, 3);
    const rest = ((4 - turns) % 4) as QuarterTurns;
    expect(turnI420(turnI420(source, turns), rest)).toEqual(source);
  });

  it('respects the strides of both pictures', () => {
    const wide: I420 = { ...numbered(3, 2), y: Uint8Array.of(0, 1, 2, 99, 3, 4, 5, 99), strideY: 4 };
    const into: I420 = { ...allocI420(2, 3), y: new Uint8Array(12), strideY: 4 };
    turnI420(wide, 1, into);
    expect([...into.y]).toEqual([3, 0, 0, 0, 4, 1, 0, 0, 5, 2, 0, 0]);
  });

  // Whole words, rows and columns left over, planes too small for a word.
  const sizes = [
    [16, 8],
    [12, 10],
    [22, 14],
    [7, 5],
    [2, 2],
  ] as const;
  it.each(sizes)('puts every sample where it belongs at %i × %i', (width, height) => {
    for (const turns of [1, 2, 3] as const) {
      const source = numbered(width, height);
      const wide = turns & 1 ? allocI420(height, width) : allocI420(width, height);
      const padded = { ...wide, y: new Uint8Array(wide.height * 24), strideY: 24 };
      const turned = turnI420(source, turns, padded);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [tx, ty] = [
            [height - 1 - y, x],
            [width - 1 - x, height - 1 - y],
            [y, width - 1 - x],
          ][turns - 1] as [number, number];
          expect(turned.y[ty * 24 + tx]).toBe(source.y[y * width + x]);
        }
      }
    }
  });
});

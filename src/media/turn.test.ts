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
});

import { expect, test } from 'vitest';
import { allocI420 } from '../../../src/media/plane.ts';
import { Random } from '../../media/random.ts';
import { shiftBetween } from './shift.ts';

const SIDE = 96;

/** Waves and a little noise, moved. */
function waves([right, down]: readonly [number, number], random: Random) {
  const picture = allocI420(SIDE, SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [x, y] = [column - right, row - down];
      const value =
        128 + 40 * Math.sin(x / 3) + 30 * Math.sin(y / 4 + 1) + 20 * Math.sin((x + y) / 5) + random.normal();
      picture.y[row * picture.strideY + column] = Math.round(value);
    }
  }
  return picture;
}

test.each([
  { move: [0, 0] as const, far: 0 },
  { move: [0.05, 0] as const, far: 0.05 },
  { move: [-0.15, 0.2] as const, far: 0.25 },
])('a picture that was moved by $move is found to lie $far pixels beside', ({ move, far }) => {
  const random = new Random(4);
  const whole = new Float64Array(SIDE * SIDE).fill(1);
  const found = shiftBetween(waves([0, 0], random), waves(move, random), whole);

  expect(Math.abs(found - far)).toBeLessThan(0.01);
});

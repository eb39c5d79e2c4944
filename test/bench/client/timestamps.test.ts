import { describe, expect, it } from 'vitest';
import { addTicks } from '../../../src/time.ts';
import { Random } from '../../media/random.ts';
import { TimestampMatch } from './timestamps.ts';

/** Inputs 1/30 s apart with the unevenness of a camera, across the 32-bit wrap. */
function inputs(count: number): number[] {
  const random = new Random(5);
  let at = 0xffff_0000;
  return Array.from({ length: count }, () => (at = addTicks(at, 3000 + random.below(400) - 200)));
}

describe('timestamp match', () => {
  it('finds the constant from outputs that lag and have gaps', () => {
    const match = new TimestampMatch();
    const sent = inputs(40);
    const found: [number, number | undefined][] = [];

    sent.forEach((timestamp, index) => {
      match.sent(timestamp);
      const late = sent[index - 2];
      if (late === undefined || index % 7 === 0) return;
      for (const { output, input } of match.came(addTicks(late, 123_456_789))) found.push([output, input]);
    });

    expect(found.length).toBeGreaterThan(25);
    for (const [output, input] of found) expect(addTicks(input!, 123_456_789)).toBe(output);
  });

  it('says so when an output belongs to no input', () => {
    const match = new TimestampMatch();
    const sent = inputs(10);
    for (const timestamp of sent) match.sent(timestamp);
    for (const timestamp of sent) match.came(addTicks(timestamp, 42));

    expect(match.came(addTicks(sent[9]!, 43))).toEqual([{ output: addTicks(sent[9]!, 43), input: undefined }]);
  });

  it('learns another constant on the way where there may be one', () => {
    const match = new TimestampMatch(true);
    const sent = inputs(60);
    const constantOf = (index: number) => (index < 30 ? 42 : 180_042);
    const found = sent.flatMap((timestamp, index) => {
      match.sent(timestamp);
      return match.came(addTicks(timestamp, constantOf(index)));
    });

    expect(found.length).toBeGreaterThan(50);
    for (const { output, input } of found) {
      expect(constantOf(sent.indexOf(input!))).toBe((output - input!) >>> 0);
    }
  });
});

import { expect, test } from 'vitest';
import { Degradation, LADDER, LAST_LEVEL } from './degradation.ts';

const bad = { offered: 30, served: 20, overloaded: true };
const good = { offered: 30, served: 30, overloaded: false };

function reviewsUntilReady(ladder: Degradation): number {
  for (let reviews = 1; reviews < 200; reviews++) {
    ladder.review(good);
    if (ladder.isReady) return reviews;
  }
  return Infinity;
}

test('goes down a step at a time, past those that change nothing, and not past the last', () => {
  const ladder = new Degradation({ enhancer: false, faces: 1, boosted: true });
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    ladder.review(bad);
    seen.push(LADDER[ladder.level]!);
  }
  expect(seen).toEqual(['every second frame', 'smaller crop', 'lower frame rate', 'hidden', 'hidden', 'hidden']);
  expect(ladder.level).toBe(LAST_LEVEL);
});

test('leaves out smaller crops where they are those of the network already', () => {
  const ladder = new Degradation({ enhancer: false, faces: 1, boosted: false });
  for (let i = 0; i < 2; i++) ladder.review(bad);
  expect(LADDER[ladder.level]).toBe('lower frame rate');
  ladder.up();
  expect(LADDER[ladder.level]).toBe('every second frame');
});

test('is ready for a step up once it was good for a while and its GPU has room', () => {
  const ladder = new Degradation({ enhancer: true, faces: 2, boosted: true });
  ladder.review(bad);
  for (let i = 0; i < 20; i++) ladder.review({ ...good, overloaded: true });
  expect(ladder.isReady).toBe(false);
  expect(reviewsUntilReady(ladder)).toBe(4);
  ladder.up();
  expect(ladder.level).toBe(0);
});

test('waits longer each time that a step up did not hold, so that it does not swing', () => {
  const ladder = new Degradation({ enhancer: true, faces: 1, boosted: true });
  ladder.review(bad);
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    waits.push(reviewsUntilReady(ladder));
    ladder.up();
    ladder.review(bad);
  }
  expect(waits).toEqual([4, 8, 16, 32]);
});

test('neither bad nor good changes nothing', () => {
  const ladder = new Degradation({ enhancer: true, faces: 1, boosted: true });
  for (let i = 0; i < 50; i++) ladder.review({ offered: 100, served: 94, overloaded: false });
  expect([ladder.level, ladder.isReady]).toEqual([0, false]);
});

import { describe, expect, it } from 'vitest';
import { Steady } from './steady.ts';

/** Sends frames 33 ms apart that take what `latency` says; gives what each took in the end. */
function run(count: number, latency: (index: number) => number, budget = 66): number[] {
  const steady = new Steady<number>();
  const took: number[] = [];
  const decodableOf = (index: number): number => index * 33;
  const release = (now: number): void => {
    for (const index of steady.due(now)) took[index] = now - decodableOf(index);
  };
  let next = 0;
  for (let now = 0; now < count * 33 + 200; now++) {
    while (next < count && decodableOf(next) + latency(next) <= now) {
      const decodable = decodableOf(next);
      steady.push(next++, { decodable, deadline: decodable + budget, now });
    }
    release(now);
  }
  return took;
}

describe('finished frames', () => {
  it('leave at once while the path is even', () => {
    expect(run(200, (index) => 12 + (index % 5))).toEqual(Array.from({ length: 200 }, (_, index) => 12 + (index % 5)));
  });

  it('wait for slow ones when the path is uneven, until they are within 8 ms of them', () => {
    const took = run(300, (index) => (index % 4 === 0 ? 32 : 10)).slice(100);
    expect(new Set(took)).toEqual(new Set([24, 32]));
  });

  it('never wait for more than six tenths of their budget', () => {
    const took = run(300, (index) => (index % 4 === 0 ? 64 : 10), 60).slice(100);
    expect(new Set(took)).toEqual(new Set([36, 64]));
  });

  it('leave in order and are all given back', () => {
    const took = run(300, (index) => (index * 7919) % 60);
    expect(took.filter((each) => each !== undefined)).toHaveLength(300);
    const left = took.map((each, index) => index * 33 + each);
    expect([...left].sort((a, b) => a - b)).toEqual(left);
  });

  it('leave at once again when the path has become even', () => {
    const took = run(400, (index) => (index < 200 && index % 4 === 0 ? 32 : 10)).slice(300);
    expect(new Set(took)).toEqual(new Set([10]));
  });
});

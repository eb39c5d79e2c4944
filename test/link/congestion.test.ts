import { describe, expect, it } from 'vitest';
import { between, fairness, meanArrived, reachedAfter } from './figures.ts';
import { play, type Script } from './play.ts';
import { CAP, capped, DELAY, shared, steady } from './scripts.ts';

const SEEDS = [1, 2, 3];
const back = { delay: DELAY };
const WIDE = { delay: 50 };
const lowestEstimate = (spans: ReturnType<typeof play>, flow = 0) =>
  Math.min(...spans.map(({ estimate }) => estimate[flow] ?? 0));
const meanEstimate = (spans: ReturnType<typeof play>) =>
  spans.reduce((sum, { estimate }) => sum + (estimate[0] ?? 0), 0) / spans.length;
const longestQueue = (spans: ReturnType<typeof play>) => Math.max(...spans.map(({ queue }) => queue));
const run = (script: Partial<Omit<Script, 'seed'>>, seed = 1) =>
  play({ seed, duration: 40_000, forward: {}, back, flows: [{}], ...script });

describe('one flow on a link', () => {
  it.each([500, 1000, 3000, 8000])('finds what a link of %i kbit/s carries, and keeps to it', (rate) => {
    for (const seed of SEEDS) {
      const spans = play({ ...steady(rate, 40_000), seed });
      expect(reachedAfter(spans, 850 * rate, 0)).toBeLessThan(8000);
      const settled = between(spans, 10_000);
      expect(meanArrived(settled)).toBeGreaterThan(850 * rate);
      // A picture of mean size is before the link for 33 ms, and more where a probe is a large part of one.
      const long = 90 + 25_000 / rate;
      expect(settled.filter(({ queue }) => queue > long).length / settled.length).toBeLessThan(0.06);
    }
  });

  it('is under a cap within two seconds, lets the queue drain, and uses what is left', () => {
    for (const seed of SEEDS) {
      const spans = between(play({ ...capped(28_000), seed }), CAP.from);
      const at = (after: number) => between(spans, CAP.from + after);
      expect(Math.max(...at(2000).map(({ estimate }) => estimate[0] ?? 0))).toBeLessThan(1250 * CAP.rate);
      expect(at(1900)[0]?.estimate[0]).toBeLessThan(1000 * CAP.rate);
      // Half a second fits before the link: nothing is lost.
      expect(longestQueue(spans)).toBeLessThan(490);
      expect(longestQueue(between(spans, CAP.from + 2500, CAP.from + 4000))).toBeLessThan(100);
      // Later it grows now and then, as the rate feels for what the link carries.
      expect(at(4000).filter(({ queue }) => queue > 100).length / at(4000).length).toBeLessThan(0.08);
      expect(meanArrived(at(10_000))).toBeGreaterThan(850 * CAP.rate);
    }
  });

  it('is back at nine tenths of its old rate ten seconds after a cap is lifted', () => {
    for (const seed of [...SEEDS, 4, 5, 6]) {
      const spans = play({ ...capped(42_000), seed });
      const before = meanArrived(between(spans, CAP.from - 3000, CAP.from));
      expect(reachedAfter(spans, 0.9 * before, CAP.to)).toBeLessThan(10_000);
    }
  });

  it('makes room for somebody who sends steadily, and takes it back', () => {
    for (const seed of SEEDS) {
      const spans = run(
        {
          duration: 60_000,
          forward: { rate: 3000, queue: 300, delay: DELAY },
          cross: { rate: 1_500_000, from: 20_000, to: 40_000 },
        },
        seed,
      );
      const beside = between(spans, 24_000, 40_000);
      expect(meanArrived(beside)).toBeGreaterThan(1_050_000);
      expect(longestQueue(beside)).toBeLessThan(250);
      expect(meanArrived(between(spans, 55_000))).toBeGreaterThan(2_300_000);
    }
  });

  it('keeps a sane estimate while the encoder has little to send', () => {
    const spans = run({
      forward: { rate: 3000, queue: 300, delay: DELAY },
      flows: [{ encoderMaximum: 500_000 }],
    });
    const settled = between(spans, 10_000);
    expect(lowestEstimate(settled)).toBeGreaterThan(750_000);
    expect(longestQueue(settled)).toBeLessThan(60);
    expect(meanArrived(settled)).toBeLessThan(700_000);
  });
});

describe('two flows on a link of 3 Mbit/s', () => {
  it.each([0, 15_000])('share it, the second %i ms later than the first', (late) => {
    for (const seed of SEEDS) {
      const spans = between(play({ ...shared(late + 80_000, late), seed }), late + 20_000);
      expect(fairness(spans)).toBeGreaterThan(0.4);
      expect(meanArrived(spans)).toBeGreaterThan(0.85 * 3_000_000);
    }
  });
});

describe('a wide link that spoils packets', () => {
  it.each([
    ['2 % random loss', { loss: 2 }],
    ['10 % random loss', { loss: 10 }],
    ['10 % loss in runs of four', { loss: 10, burst: 4 }],
    ['20 ms of jitter', { jitter: 20 }],
    ['50 ms of jitter', { jitter: 50 }],
    ['50 ms of jitter that lets packets overtake', { jitter: 50, ordered: false }],
    ['5 % of packets out of order', { reorder: 5 }],
    ['2 % of packets twice', { duplicate: 2 }],
  ])('is used nearly in full: %s', (_, impairment) => {
    for (const seed of SEEDS) {
      const spans = run({ forward: { ...WIDE, ...impairment }, back: { ...WIDE, ...impairment } }, seed);
      const settled = between(spans, 15_000);
      expect(meanEstimate(settled)).toBeGreaterThan(0.93 * 3_000_000);
      // Four feedbacks lost in a row look like an interruption.
      expect(lowestEstimate(settled)).toBeGreaterThan(0.45 * 3_000_000);
    }
  });
});

describe('a narrow link that spoils packets', () => {
  it.each([
    ['jitter of 30 ms', { jitter: 30 }, {}],
    ['random loss of 5 %', { loss: 5 }, {}],
    ['a third of the feedback lost', {}, { loss: 33 }],
  ])('is still used: %s', (_, forward, lossBack) => {
    for (const seed of SEEDS) {
      const spans = run(
        { forward: { rate: 1500, queue: 300, delay: DELAY, ...forward }, back: { ...back, ...lossBack } },
        seed,
      );
      const settled = between(spans, 10_000);
      expect(meanArrived(settled)).toBeGreaterThan(0.7 * 1_500_000);
      expect(settled.filter(({ queue }) => queue > 150).length / settled.length).toBeLessThan(0.06);
    }
  });

  it('sends little more than fits where the queue is too short to show in the delay', () => {
    for (const seed of SEEDS) {
      const settled = between(run({ forward: { rate: 1500, queue: 45, delay: DELAY } }, seed), 15_000);
      expect(meanEstimate(settled)).toBeLessThan(1.25 * 1_500_000);
      expect(meanArrived(settled)).toBeGreaterThan(0.75 * 1_500_000);
    }
  });
});

it('goes on soon after an interruption of three seconds, and sends next to nothing in it', () => {
  for (const seed of SEEDS) {
    const spans = run(
      {
        forward: { rate: 5000, delay: DELAY },
        flows: [{ maximum: 2_500_000 }],
        changes: [
          { at: 15_000, forward: { cut: true }, back: { cut: true } },
          { at: 18_000, forward: { cut: false }, back: { cut: false } },
        ],
      },
      seed,
    );
    expect(between(spans, 17_000, 18_000).every(({ estimate }) => estimate[0] === 100_000)).toBe(true);
    expect(reachedAfter(spans, 1_600_000, 18_000)).toBeLessThan(500);
    expect(reachedAfter(spans, 2_200_000, 18_000)).toBeLessThan(2500);
  }
});

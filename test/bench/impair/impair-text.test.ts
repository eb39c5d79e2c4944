import { describe, expect, it } from 'vitest';
import { readImpair, stepsOf } from './impair-text.ts';

describe('--impair', () => {
  it('reads every key', () => {
    const text = 'at=5,loss=10,delay=50,jitter=20,burst=4,rate=1000,queue=500,dup=1,reorder=2,blackout=3,rebind';

    const both = { loss: 10, burst: 4, delay: 50, jitter: 20, duplicate: 1, reorder: 2 };
    expect(stepsOf(readImpair(text))).toEqual([
      { at: 5000, up: both, down: { ...both, rate: 1000, queue: 500 }, rebind: true },
      { at: 5000, up: { cut: true }, down: { cut: true } },
      { at: 8000, up: { cut: false }, down: { cut: false } },
    ]);
  });

  it('changes only what was named, from the start', () => {
    expect(stepsOf(readImpair('loss=2.5'))).toEqual([{ at: 0, up: { loss: 2.5 }, down: { loss: 2.5 } }]);
    expect(stepsOf(readImpair('rebind'))).toEqual([{ at: 0, up: {}, down: {}, rebind: true }]);
  });

  it.each([
    ['loss=abc', /loss must be 0–100 % \[loss:abc\]/],
    ['loss=', /loss must be 0–100 %/],
    ['loss=101', /loss must be 0–100 % \[loss:101\]/],
    ['delay=-1', /delay must be 0–10000 ms \[delay:-1\]/],
    ['rate=0', /rate must be 10–/],
    ['los=10', /must be made of at, loss.* \[los:10\]/],
    ['constructor=1', /must be made of/],
    ['', /must be made of/],
    ['loss=1,loss=2', /once \[loss:2\]/],
  ])('refuses %j and says what is wrong', (text, message) => {
    expect(() => readImpair(text)).toThrow(TypeError);
    expect(() => readImpair(text)).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';
import { Silence } from './silence.ts';

describe('Silence', () => {
  it('halves the share for each quarter second that feedback stays away, and gives it back at once', () => {
    const silence = new Silence();
    silence.roundTrip = 100;
    silence.onFeedback();
    silence.onSent(1000);
    expect(silence.nextAt).toBe(1550);
    silence.poll(1549);
    expect(silence.share).toBe(1);
    silence.poll(1550);
    expect(silence.share).toBe(0.5);
    silence.onSent(1700);
    silence.poll(1800);
    expect(silence.share).toBe(0.25);
    expect(silence.onFeedback()).toBe(true);
    expect(silence.share).toBe(1);
    expect(silence.onFeedback()).toBe(false);
  });

  it('awaits nothing where nothing was sent, or never any feedback came', () => {
    const silence = new Silence();
    silence.onSent(0);
    silence.poll(60_000);
    expect(silence.share).toBe(1);
    silence.onFeedback();
    silence.poll(120_000);
    expect([silence.share, silence.nextAt]).toEqual([1, Infinity]);
  });

  it('ends with nothing more to do', () => {
    const silence = new Silence();
    silence.onFeedback();
    silence.onSent(0);
    silence.poll(3_600_000);
    expect(silence.share).toBe(0.5 ** 8);
    expect(silence.nextAt).toBe(Infinity);
  });
});

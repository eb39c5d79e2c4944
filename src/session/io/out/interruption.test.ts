import { describe, expect, it } from 'vitest';
import { Interruption } from './interruption.ts';

describe('an interruption', () => {
  it('is seen when what was waited for comes late', () => {
    const silence = new Interruption();
    silence.expect(0);
    silence.expect(400);
    expect(silence.onCome(3000)).toBe(true);
  });

  it('is none while answers come, nor where nothing was waited for', () => {
    const silence = new Interruption();
    for (let now = 0; now < 5000; now += 100) {
      silence.expect(now);
      expect(silence.onCome(now + 90)).toBe(false);
    }
    expect(silence.onCome(60_000)).toBe(false);
  });

  it('is not what a slow source does always', () => {
    const silence = new Interruption();
    const seen: boolean[] = [];
    for (let now = 0; now < 20_000; now += 1000) {
      seen.push(silence.onCome(now));
      silence.expect(now);
    }
    expect(seen.filter(Boolean).length).toBeLessThanOrEqual(2);
    expect(seen.slice(4)).not.toContain(true);
  });
});

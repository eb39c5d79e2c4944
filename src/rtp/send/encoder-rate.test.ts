import { describe, expect, it } from 'vitest';
import { EncoderRate } from './encoder-rate.ts';

const rate = (maximum = 2_500_000) => new EncoderRate({ start: 1_250_000, minimum: 100_000, maximum });

describe('the bitrate of the encoder', () => {
  it('begins a little below the estimate and never passes the owner’s limit', () => {
    const encoder = rate();
    expect(encoder.told).toBe(1_175_000);
    expect(encoder.next(8_000_000, 0)).toBe(2_500_000);
    encoder.maximum = 500_000;
    expect(encoder.next(8_000_000, 10)).toBe(500_000);
    expect(encoder.next(1000, 20)).toBe(100_000);
  });

  it('leaves room for sound, headers, resends and error correction', () => {
    const encoder = rate();
    for (let now = 0; now < 5000; now += 20) {
      encoder.onSound(160, now);
      if (now % 40 !== 0) continue;
      encoder.onPicture(3000, 3600, 0, now);
      encoder.onResent(400, now);
    }
    // Of 1 Mbit/s 64 kbit/s are sound, and of the rest three of four bytes are pictures.
    expect(encoder.next(1_000_000, 5000)).toBeGreaterThan(690_000);
    expect(encoder.next(1_000_000, 5000) ?? encoder.told).toBeLessThan(720_000);
  });

  it('falls at once and rises in steps', () => {
    const encoder = rate();
    expect(encoder.next(1_000_000, 0)).toBe(940_000);
    expect(encoder.next(900_000, 10)).toBe(846_000);
    expect(encoder.next(1_200_000, 20)).toBeUndefined();
    expect(encoder.next(1_200_000, 210)).toBe(1_128_000);
    // Small changes wait for a second, and those that nobody sees for ever.
    expect(encoder.next(1_185_000, 220)).toBeUndefined();
    expect(encoder.next(1_185_000, 1210)).toBe(1_113_900);
    expect(encoder.next(1_185_500, 60_000)).toBeUndefined();
  });

  it('falls while a queue stands before it', () => {
    const encoder = rate();
    for (let now = 0; now < 1000; now += 33) encoder.onPicture(4000, 4255, 130, now);
    const told = encoder.next(1_000_000, 1000) ?? 0;
    expect(told).toBeGreaterThan(600_000);
    expect(told).toBeLessThan(680_000);
    for (let now = 1000; now < 2000; now += 33) encoder.onPicture(4000, 4255, 5, now);
    expect(encoder.next(1_000_000, 2000)).toBeGreaterThan(930_000);
  });
});

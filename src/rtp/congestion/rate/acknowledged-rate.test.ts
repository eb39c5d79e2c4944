import { describe, expect, it } from 'vitest';
import { AcknowledgedRate } from './acknowledged-rate.ts';

/** 30 frames a second of `packets` × 1,000 bytes, for `duration`. */
function arrive(rate: AcknowledgedRate, from: number, duration: number, packets: number, idle = false): void {
  for (let at = from; at < from + duration; at += 100 / 3) {
    for (let packet = 0; packet < packets; packet++) rate.push(1000, at + packet, idle);
  }
}

describe('AcknowledgedRate', () => {
  it('says nothing for half a second, then what arrives', () => {
    const rate = new AcknowledgedRate();
    arrive(rate, 0, 450, 5);
    expect(rate.rate).toBeUndefined();
    arrive(rate, 450, 5000, 5);
    expect(rate.rate).toBeGreaterThan(1_120_000);
    expect(rate.rate).toBeLessThan(1_280_000);
  });

  it('follows a change within two seconds', () => {
    const rate = new AcknowledgedRate();
    arrive(rate, 0, 5000, 10);
    arrive(rate, 5000, 2000, 4);
    expect(rate.rate).toBeLessThan(1_150_000);
    arrive(rate, 7000, 4000, 10);
    expect(rate.rate).toBeGreaterThan(2_000_000);
  });

  it('follows faster if a change is expected, slower down while little is sent', () => {
    const [plain, expecting, idle] = [new AcknowledgedRate(), new AcknowledgedRate(), new AcknowledgedRate()];
    for (const rate of [plain, expecting, idle]) arrive(rate, 0, 5000, 10);
    expecting.expectChange();
    arrive(plain, 5000, 600, 6);
    arrive(expecting, 5000, 600, 6);
    arrive(idle, 5000, 600, 6, true);
    expect(expecting.rate).toBeLessThan(plain.rate ?? 0);
    expect(idle.rate).toBeGreaterThan(plain.rate ?? Infinity);
  });

  it('leaves pauses out and does not mind a clock that goes back', () => {
    const rate = new AcknowledgedRate();
    arrive(rate, 0, 5000, 5);
    arrive(rate, 15_000, 500, 5);
    arrive(rate, 3000, 500, 5);
    expect(rate.rate).toBeGreaterThan(1_000_000);
  });
});

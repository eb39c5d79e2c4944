import { describe, expect, it } from 'vitest';
import { Random } from '../../../../test/media/random.ts';
import type { PacketOutcome } from '../../send/send-log.ts';
import { LossBasedLimit } from './loss-based-limit.ts';

const UNLIMITED = 3_000_000;

/** Sends as fast as the limit allows, but for a sine of 10 %; the limits seen at the end of each second. */
function run(seconds: number, isLost: (rate: number, random: Random) => boolean, seed = 1): number[] {
  const random = new Random(seed);
  const limit = new LossBasedLimit();
  const limits: number[] = [];
  let position = 0;
  let sentAt = 0;
  while (sentAt < seconds * 1000) {
    const rate = Math.min(limit.limit, UNLIMITED) * (1 + 0.1 * Math.sin(sentAt / 700));
    const packets: PacketOutcome[] = [];
    for (const end = sentAt + 50; sentAt < end; sentAt += 9600 / (rate / 1000)) {
      const arrivedAt = isLost(rate, random) ? undefined : sentAt + 20;
      packets.push({ position: position++, probe: undefined, sentAt, size: 1200, arrivedAt });
    }
    const arrived = packets.filter((packet) => packet.arrivedAt !== undefined).length / packets.length;
    limit.push(packets, UNLIMITED, rate * arrived);
    if (limits.length < Math.floor(sentAt / 1000)) limits.push(limit.limit);
  }
  return limits;
}
const random = (share: number) => (_: number, chance: Random) => chance.next() < share;
const overflow = (capacity: number) => (rate: number, chance: Random) => chance.next() < 1 - capacity / rate;
const least = (values: readonly number[]) => Math.min(...values, UNLIMITED);

describe('LossBasedLimit', () => {
  it.each([1, 2, 3, 4, 5, 6])('does not mind random loss of 2 or 10 % (seed %i)', (seed) => {
    expect(least(run(60, random(0.02), seed))).toBeGreaterThan(0.9 * UNLIMITED);
    expect(least(run(60, random(0.1), seed))).toBeGreaterThan(0.85 * UNLIMITED);
  });

  it('comes down to what a link without a queue carries, and stays near it', () => {
    const limits = run(60, overflow(1_000_000));
    expect(limits[5]).toBeLessThan(1_300_000);
    expect(least(limits)).toBeGreaterThan(800_000);
    expect(Math.max(...limits.slice(10))).toBeLessThan(1_300_000);
  });

  it('is bounded even where a third is lost whatever is sent', () => {
    expect(least(run(60, random(0.33)))).toBeGreaterThan(150_000);
  });

  it('goes when loss goes', () => {
    let sent = 0;
    const limits = run(40, (rate, chance) => sent++ < 3000 && overflow(1_000_000)(rate, chance));
    expect(least(limits)).toBeLessThan(1_500_000);
    expect(limits.at(-1)).toBe(Infinity);
  });
});

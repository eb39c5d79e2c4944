import { describe, expect, it } from 'vitest';
import { Random } from '../../test/media/random.ts';
import { NtpClock } from './rtcp/ntp-clock.ts';
import { SourceClock } from './source-clock.ts';

const VIDEO = 90_000;

describe('SourceClock', () => {
  it('goes by the packets that waited least, until there are reports', () => {
    const line = new SourceClock().timeline(VIDEO);
    expect(line.ticksAt(0)).toBeUndefined();
    const random = new Random(6);
    for (let index = 0; index < 100; index++) line.onPacket(index * 3000, index * (100 / 3) + 20 + random.next() * 15);
    const late = ((5020 - (line.ticksAt(5020) ?? 0) / 90) * 1000) / 1000;
    expect(late).toBeGreaterThanOrEqual(20);
    expect(late).toBeLessThan(23);
  });

  it('follows a source whose clock is slow, and one that jumps', () => {
    const line = new SourceClock().timeline(VIDEO);
    // 200 ppm slow for ten minutes is 120 ms.
    for (let index = 0; index < 18_000; index++) line.onPacket(index * 3000, index * (100 / 3) * 1.0002);
    const end = 18_000 * (100 / 3) * 1.0002;
    expect(Math.abs((line.ticksAt(end) ?? 0) - 18_000 * 3000)).toBeLessThan(90 * 6);
    line.onPacket(7, end + 33);
    expect(line.ticksAt(end + 133)).toBe(9007);
  });

  it('takes the smallest wait of the reports of both lines, and forgets them with the source', () => {
    const source = new SourceClock();
    const [video, audio] = [source.timeline(VIDEO), source.timeline(48_000)];
    const clock = new NtpClock(7e11);
    video.onPacket(0, 50);
    audio.onPacket(0, 50);
    video.onSenderReport(clock.at(0), 0, 60);
    expect(source.offset).toBeUndefined();
    audio.onSenderReport(clock.at(1000), 48_000, 1010);
    expect(video.ticksAt(1010)).toBe(90_000);
    video.onSenderReport(clock.at(2000), 180_000, 2090);
    expect(video.ticksAt(2010)).toBe(180_000);
    video.reset();
    expect(video.ticksAt(2010)).toBeUndefined();
    expect(source.offset).toBeUndefined();
  });

  it('counts on across the wrap of 32 bits', () => {
    const line = new SourceClock().timeline(VIDEO);
    line.onPacket(0xffff_ff00, 0);
    expect(line.ticksAt(1000)).toBe(90_000 - 256);
    expect(line.ticksAt(-1000)).toBe(0xffff_ff00 - 90_000);
  });
});

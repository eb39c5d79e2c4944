import { describe, expect, it } from 'vitest';
import { Ladder, type LadderInput } from './ladder.ts';

const HD: LadderInput = { width: 1280, height: 720, frameRate: 30 };
const FULL_HD: LadderInput = { width: 1920, height: 1080, frameRate: 30 };

const stepAt = (bitrate: number, input = HD, codec: 'vp8' | 'h264' | 'vp9' = 'vp8') => {
  const { width, height, frameRateLimit } = new Ladder(codec, bitrate).step(input, 0);
  return `${width}x${height}@${Math.min(input.frameRate, frameRateLimit)}`;
};

/** What a ladder gives for a bitrate that lasts, ten times a second. */
function play(ladder: Ladder, bitrate: number, times: { from: number; to: number }, input = HD): string[] {
  ladder.bitrate = bitrate;
  const steps: string[] = [];
  for (let now = times.from; now < times.to; now += 100) {
    const { width, height, frameRateLimit } = ladder.step(input, now);
    steps.push(`${width}x${height}@${Math.min(input.frameRate, frameRateLimit)}`);
  }
  return steps;
}

describe('what is sent of 720p30', () => {
  it.each([
    [2_500_000, '1280x720@30'],
    [1_000_000, '1280x720@30'],
    [700_000, '960x540@30'],
    [500_000, '640x360@30'],
    [250_000, '640x360@20'],
    [150_000, '640x360@15'],
    [50_000, '640x360@15'],
  ])('at %i bit/s is %s', (bitrate, step) => {
    expect(stepAt(bitrate)).toBe(step);
  });

  it('is more with VP9 and less with H.264', () => {
    expect(stepAt(800_000, HD, 'vp9')).toBe('1280x720@30');
    expect(stepAt(800_000, HD, 'vp8')).toBe('960x540@30');
    expect(stepAt(800_000, HD, 'h264')).toBe('640x360@30');
  });
});

describe('what is sent of other inputs', () => {
  it.each<[string, LadderInput, number, string]>([
    ['1080p goes down by all four sizes', FULL_HD, 4_000_000, '1920x1080@30'],
    ['… of these the second', FULL_HD, 1_500_000, '1280x720@30'],
    ['… and the third', FULL_HD, 700_000, '960x540@30'],
    ['an upright picture keeps its shape', { width: 720, height: 1280, frameRate: 30 }, 700_000, '540x960@30'],
    ['4:3 too', { width: 640, height: 480, frameRate: 30 }, 300_000, '480x360@30'],
    ['an odd size comes out even', { width: 1279, height: 719, frameRate: 30 }, 700_000, '960x540@30'],
    ['… unless it is not scaled', { width: 1279, height: 719, frameRate: 30 }, 2_000_000, '1279x719@30'],
    ['little more than a size of the ladder stays', { width: 640, height: 368, frameRate: 30 }, 200_000, '640x368@15'],
    ['a small picture stays as it is', { width: 320, height: 180, frameRate: 30 }, 60_000, '320x180@15'],
    ['a slow camera needs less, so it keeps its size', { ...HD, frameRate: 15 }, 600_000, '1280x720@15'],
    ['… and never gets more frames', { ...HD, frameRate: 10 }, 100_000, '640x360@10'],
    ['a quick one keeps its rate where there is room', { ...HD, frameRate: 60 }, 4_000_000, '1280x720@60'],
    ['… and else goes down to 30 first', { ...HD, frameRate: 60 }, 1_000_000, '1280x720@30'],
  ])('%s', (_, input, bitrate, step) => {
    expect(stepAt(bitrate, input)).toBe(step);
  });
});

describe('over time', () => {
  it('goes down at once, and up four seconds after the rate has come back', () => {
    const ladder = new Ladder('vp8', 2_500_000);
    expect(new Set(play(ladder, 2_500_000, { from: 0, to: 1000 }))).toEqual(new Set(['1280x720@30']));
    expect(new Set(play(ladder, 300_000, { from: 1000, to: 3000 }))).toEqual(new Set(['640x360@20']));
    const back = play(ladder, 2_500_000, { from: 3000, to: 9000 });
    expect(back.lastIndexOf('640x360@20')).toBe(39);
    expect(new Set(back.slice(40))).toEqual(new Set(['1280x720@30']));
  });

  it('begins its wait anew when the rate falls in between', () => {
    const ladder = new Ladder('vp8', 300_000);
    play(ladder, 300_000, { from: 0, to: 1000 });
    play(ladder, 2_000_000, { from: 1000, to: 4000 });
    play(ladder, 300_000, { from: 4000, to: 4200 });
    const back = play(ladder, 2_000_000, { from: 4200, to: 9000 });
    expect(back.indexOf('1280x720@30')).toBe(40);
  });

  it('does not flap where the rate swings about a threshold', () => {
    const ladder = new Ladder('vp8', 1_000_000);
    const sizes: string[] = [];
    // The saw of additive increase and multiplicative decrease: 1.0 up to 1.07, then 0.85 of it.
    for (let now = 0; now < 120_000; now += 5000) {
      sizes.push(...play(ladder, 1_000_000, { from: now, to: now + 2500 }));
      sizes.push(...play(ladder, 1_070_000, { from: now + 2500, to: now + 4500 }));
      sizes.push(...play(ladder, 909_000, { from: now + 4500, to: now + 5000 }));
    }
    const changes = sizes.filter((size, index) => index > 0 && size !== sizes[index - 1]).length;
    expect(changes).toBeLessThanOrEqual(1);
  });

  it('makes no more than one keyframe a second on the way down, while frames are thinned at once', () => {
    const ladder = new Ladder('vp8', 2_500_000);
    play(ladder, 2_500_000, { from: 0, to: 1000 });
    expect(play(ladder, 700_000, { from: 1000, to: 1200 })).toEqual(['960x540@30', '960x540@30']);
    expect(play(ladder, 150_000, { from: 1200, to: 2200 })).toEqual([
      ...Array<string>(8).fill('960x540@15'),
      '640x360@15',
      '640x360@15',
    ]);
  });

  it('comes back by steps where the rate does', () => {
    const ladder = new Ladder('vp8', 150_000);
    play(ladder, 150_000, { from: 0, to: 1000 });
    expect(play(ladder, 420_000, { from: 1000, to: 6000 }).at(-1)).toBe('640x360@30');
    expect(play(ladder, 760_000, { from: 6000, to: 11_000 }).at(-1)).toBe('960x540@30');
  });

  it('follows an input that changes its size', () => {
    const ladder = new Ladder('vp8', 700_000);
    expect(play(ladder, 700_000, { from: 0, to: 100 }, { ...HD, width: 640, height: 360 })).toEqual(['640x360@30']);
    expect(play(ladder, 700_000, { from: 100, to: 200 })).toEqual(['960x540@30']);
    expect(play(ladder, 700_000, { from: 200, to: 300 }, { ...HD, width: 720, height: 1280 })).toEqual(['540x960@30']);
  });
});

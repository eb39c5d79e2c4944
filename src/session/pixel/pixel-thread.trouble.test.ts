import { beforeAll, describe, expect, test } from 'vitest';
import { psnr } from '../../../test/media/psnr.ts';
import { dropped, PERIOD, PixelRig, talk } from '../../../test/support/pixel-rig.ts';
import { openParts, type OpenParts } from './parts.ts';

let real: OpenParts;
beforeAll(async () => {
  real = await openParts();
});

describe('a pixel thread never shows what it should not', () => {
  test('answers a keyframe request during a hold with the last picture sent, under the newest timestamp', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(40);
    await rig.play(clip.slice(0, 10));
    rig.swaps = false;
    await rig.play(clip.slice(10, 14));
    expect(rig.of('chunk')).toHaveLength(10);
    rig.thread.receive({ type: 'keyframe', session: 'a' });
    await rig.play(clip.slice(14, 16));
    const out = rig.of('chunk');
    expect(out).toHaveLength(11);
    expect(out[10]!.chunk).toMatchObject({ keyframe: true, timestamp: 14 * 3000 });
    const pictures = rig.pictures();
    expect(psnr(pictures[9]!, pictures[10]!)).toBeGreaterThan(32);
    expect(rig.figures()).toMatchObject({ held: 6, drops: { 'swap:failed': 6 } });
  });

  test('answers a keyframe request while no frames come, after 150 ms and just after the last timestamp', async () => {
    const rig = new PixelRig(real);
    rig.open();
    await rig.play(talk(5));
    rig.thread.receive({ type: 'keyframe', session: 'a' });
    rig.now += 100;
    rig.thread.tick();
    expect(rig.of('chunk')).toHaveLength(5);
    rig.now += 100;
    rig.thread.tick();
    rig.thread.tick();
    await rig.thread.idle();
    expect(rig.of('chunk')).toHaveLength(6);
    expect(rig.of('chunk')[5]!.chunk).toMatchObject({ keyframe: true, timestamp: 4 * 3000 + 1 });
  });

  test('hides the face once a failing swap has been held, and swaps again as soon as it works', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(40);
    await rig.play(clip.slice(0, 10));
    rig.swaps = false;
    await rig.play(clip.slice(10, 30));
    rig.swaps = true;
    await rig.play(clip.slice(30));
    const outcomes = rig.of('chunk').map(({ outcome }) => outcome);
    const hidden = outcomes.length - 20;
    expect(hidden).toBeGreaterThanOrEqual(10);
    expect(outcomes).toEqual([
      ...Array<string>(10).fill('swapped'),
      ...Array<string>(hidden).fill('hidden'),
      ...Array<string>(10).fill('swapped'),
    ]);
  });
});

describe('a pixel thread with bad input', () => {
  test('asks for a keyframe at once and every 500 ms while only deltas come', async () => {
    const rig = new PixelRig(real);
    rig.open();
    await rig.play(talk(31).slice(1));
    expect(rig.of('chunk')).toEqual([]);
    expect(rig.of('need-keyframe')).toHaveLength(2);
    expect(rig.figures().drops).toEqual({ 'decode:awaiting-keyframe': 30 });
    expect(rig.credits()).toBe(30);
  });

  test('counts a chunk that does not decode, asks for a keyframe and goes on with it', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(6);
    await rig.play(clip.slice(0, 2));
    await rig.play([{ ...clip[2]!, data: new Uint8Array(0) }]);
    await rig.play(clip.slice(3, 5));
    expect(rig.of('need-keyframe')).toHaveLength(1);
    await rig.play(talk(2, { first: 6 }));
    expect(rig.of('chunk').map(({ chunk }) => chunk.timestamp / 3000)).toEqual([0, 1, 6, 7]);
    expect(rig.figures().drops).toEqual({ 'decode:broken': 1, 'decode:awaiting-keyframe': 2 });
  });

  test('drops pictures larger than the session takes, and ends the session after three seconds of them', async () => {
    const rig = new PixelRig(real);
    rig.open('a', { maximumSide: 300 });
    const clip = talk(100);
    await rig.play(clip.slice(0, 60));
    expect(rig.figures().drops).toEqual({ 'decode:too-large': 60 });
    expect(rig.of('failed')).toEqual([]);
    await rig.play(clip.slice(60));
    expect(rig.of('failed')).toMatchObject([{ code: 'picture_too_large' }]);
    expect(rig.thread.size).toBe(0);
  });

  test('ends a session whose pictures take too long to decode one after the other, not one that was held up once', async () => {
    let slow = (_frame: number): boolean => false;
    let frame = 0;
    const rig: PixelRig = new PixelRig(real, {
      createDecoder: (codec) => {
        const decoder = real.createDecoder(codec);
        return {
          codec,
          decode: (chunk) => {
            if (slow(frame++)) rig.now += real.decodeLimit + 1;
            return decoder.decode(chunk);
          },
          copyTo: (work) => decoder.copyTo(work),
          close: () => decoder.close(),
        };
      },
    });
    rig.open();
    const clip = talk(16);
    slow = (index) => index % 5 !== 0;
    await rig.play(clip.slice(0, 10));
    expect(rig.of('failed')).toEqual([]);
    slow = () => true;
    await rig.play(clip.slice(10));
    expect(rig.of('failed')).toMatchObject([{ code: 'decode_too_slow' }]);
  });

  test('closes a session that throws and goes on with the others', async () => {
    const rig = new PixelRig(real, {
      createTracker: (maximum) => {
        if (maximum === 1) return real.createTracker(maximum);
        const track = () => Promise.reject(new Error('the model is broken'));
        return { track, setMaximum: () => undefined };
      },
    });
    rig.open('a');
    rig.open('b', { faces: 2 });
    const clip = talk(4);
    for (const chunk of clip) {
      rig.now += PERIOD;
      rig.put(chunk, 'b');
      rig.put(chunk, 'a');
      await rig.thread.idle();
    }
    expect(rig.of('failed', 'b')).toMatchObject([{ message: 'the model is broken' }]);
    expect(rig.of('chunk', 'a')).toHaveLength(4);
    expect(rig.thread.size).toBe(1);
  });

  test('refuses a mask that there is not, hidden rather than shown', async () => {
    const rig = new PixelRig(real);
    rig.open();
    rig.thread.receive({ type: 'identity', session: 'a', identity: 'mask:nobody' });
    expect(rig.of('failed')).toMatchObject([{ code: 'identity_unknown' }]);
    expect(rig.thread.size).toBe(0);
    await rig.thread.idle();
  });

  test('ends a frame quietly when the session is closed in the middle of it', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const clip = talk(3);
    await rig.play(clip.slice(0, 2));
    rig.whileTracking = () => rig.thread.receive({ type: 'close', session: 'a' });
    await rig.play(clip.slice(2));
    expect(rig.of('chunk')).toHaveLength(2);
    expect(rig.of('failed')).toEqual([]);
    expect(rig.thread.size).toBe(0);
  });
});

describe('whatever comes', () => {
  test('every chunk gives its credit back and every frame is sent or counted as dropped once', async () => {
    let state = 7;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const rig = new PixelRig(real);
    rig.open('a', { budget: 40 });
    const runs = Array.from({ length: 6 }, (_, i) => talk(25, { first: i * 25 }));
    let put = 0;
    for (const chunk of runs.flat()) {
      rig.now += random() < 0.1 ? 400 : PERIOD;
      rig.trackFor = random() < 0.2 ? 60 : 3;
      rig.swaps = random() < 0.9;
      if (random() < 0.05) rig.thread.receive({ type: 'keyframe', session: 'a' });
      const data = random() < 0.03 ? new Uint8Array(0) : chunk.data;
      rig.put({ ...chunk, data, referenced: random() < 0.95 || chunk.keyframe });
      put++;
      if (random() < 0.6) await rig.thread.idle();
    }
    await rig.thread.idle();
    const figures = rig.figures();
    expect(rig.credits()).toBe(put);
    expect(figures.swapped + figures.hidden + figures.clear + dropped(figures)).toBe(put);
    const times = rig.of('chunk').map(({ chunk }) => chunk.timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

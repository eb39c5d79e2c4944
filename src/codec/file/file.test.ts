import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { movingPicture, psnr } from '../../../test/support/moving-picture.ts';
import { makeVideoFile } from '../../../test/support/video-file.ts';
import type { I420 } from '../../media/plane.ts';
import { turnI420 } from '../../media/turn.ts';
import { WorkPicture } from '../work-picture.ts';
import { containerOf, holdsAudio } from './containers.ts';
import { VideoReader } from './reader.ts';
import { VideoWriter } from './writer.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guise-file-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const steady = (frames: number) => Array.from({ length: frames }, (_, index) => index * 40);

/** All that a file holds: times in milliseconds, PSNR of each picture against `truth`, sound packets. */
function readAll(path: string, truth?: (index: number) => I420) {
  const reader = new VideoReader(path);
  const work = new WorkPicture();
  const times: number[] = [];
  const quality: number[] = [];
  let sound = 0;
  const { num, den } = reader.timeBase;
  for (;;) {
    const moment = reader.next(work, () => sound++);
    if (!moment) break;
    if (truth) quality.push(psnr(work.picture, truth(times.length)));
    times.push(Math.round((Number(moment.pts) * 1000 * num) / den));
  }
  const { facts } = reader;
  reader.close();
  work.close();
  return { facts, times, quality, sound };
}

/** Copies a file picture by picture. */
function copy(from: string, to: string): VideoWriter {
  const reader = new VideoReader(from);
  const work = new WorkPicture();
  const writer = new VideoWriter(to, containerOf(to)!, reader);
  for (;;) {
    const moment = reader.next(work, (packet, track) => writer.writeAudio(packet, track));
    if (!moment) break;
    writer.write(work, moment);
  }
  writer.finish();
  reader.close();
  work.close();
  return writer;
}

describe('a video file', () => {
  it('is read picture by picture, with its times, size and sound', () => {
    const draw = (index: number) => movingPicture(320, 240, index);
    makeVideoFile({
      path: at('plain.mp4'),
      video: { width: 320, height: 240, times: steady(20), draw },
      audio: { seconds: 0.8, encoder: 'aac' },
    });
    const { facts, times, quality, sound } = readAll(at('plain.mp4'), draw);
    expect(facts).toMatchObject({ width: 320, height: 240, turns: 0, frames: 20, audio: ['aac'] });
    expect(facts.frameRate).toBeCloseTo(25, 1);
    expect(times).toEqual(steady(20));
    expect(Math.min(...quality)).toBeGreaterThan(30);
    expect(sound).toBeGreaterThan(30);
  });

  it.each(['.mp4', '.mov', '.mkv'])('keeps pictures, times and sound when written as %s', (ending) => {
    const draw = (index: number) => movingPicture(320, 240, index);
    makeVideoFile({
      path: at('source.mp4'),
      video: { width: 320, height: 240, times: steady(20), draw },
      audio: { seconds: 0.8, encoder: 'aac' },
    });
    copy(at('source.mp4'), at(`copy${ending}`));
    const before = readAll(at('source.mp4'));
    const after = readAll(at(`copy${ending}`), draw);
    expect(after.times).toEqual(before.times);
    expect(after.sound).toBe(before.sound);
    expect(Math.min(...after.quality)).toBeGreaterThan(30);
  });

  it('keeps a variable frame rate', () => {
    const times = [0, 40, 200, 210, 250, 900, 940, 1500];
    makeVideoFile({
      path: at('vfr.mp4'),
      video: { width: 160, height: 120, times, draw: (index) => movingPicture(160, 120, index) },
    });
    expect(readAll(at('vfr.mp4')).times).toEqual(times);
    for (const name of ['vfr-copy.mp4', 'vfr-copy.mkv', 'vfr-copy.webm']) {
      copy(at('vfr.mp4'), at(name));
      expect(readAll(at(name)).times).toEqual(times);
    }
  });

  it.each([90, 180, 270] as const)('comes upright where it asks to be turned by %i degrees', (rotation) => {
    const turns = (rotation / 90) as 1 | 2 | 3;
    makeVideoFile({
      path: at('turned.mp4'),
      video: { width: 320, height: 200, times: steady(3), rotation, draw: (index) => movingPicture(320, 200, index) },
    });
    const upright = (index: number) => turnI420(movingPicture(320, 200, index), turns);
    const { facts, quality } = readAll(at('turned.mp4'), upright);
    expect([facts.width, facts.height]).toEqual(rotation === 180 ? [320, 200] : [200, 320]);
    expect(Math.min(...quality)).toBeGreaterThan(28);
    copy(at('turned.mp4'), at('turned-copy.mp4'));
    const copied = readAll(at('turned-copy.mp4'), upright);
    expect(copied.facts.turns).toBe(0);
    expect(Math.min(...copied.quality)).toBeGreaterThan(28);
  });

  it('may have an odd size: WebM keeps it, H.264 gets the last column and row twice', () => {
    const draw = (index: number) => movingPicture(641, 359, index);
    makeVideoFile({
      path: at('odd.mkv'),
      video: { width: 641, height: 359, times: steady(5), draw, encoder: 'libvpx' },
    });
    expect(readAll(at('odd.mkv'), draw).facts).toMatchObject({ width: 641, height: 359 });
    copy(at('odd.mkv'), at('odd.webm'));
    const kept = readAll(at('odd.webm'), draw);
    expect(kept.facts).toMatchObject({ width: 641, height: 359 });
    expect(Math.min(...kept.quality)).toBeGreaterThan(28);
    const written = copy(at('odd.mkv'), at('odd.mp4'));
    expect([written.width, written.height]).toEqual([642, 360]);
    const padded = readAll(at('odd.mp4'), () => movingPicture(642, 360, 0));
    expect(padded.facts).toMatchObject({ width: 642, height: 360 });
    expect(padded.times).toEqual(steady(5));
  });

  it('is refused without a video track', () => {
    makeVideoFile({ path: at('sound.mp4'), audio: { seconds: 0.5, encoder: 'aac' } });
    expect(() => new VideoReader(at('sound.mp4'))).toThrow(expect.objectContaining({ code: 'file_no_video' }));
  });

  it('is refused where it cannot be read', () => {
    writeFileSync(at('text.mp4'), 'this is not a film');
    writeFileSync(at('empty.mp4'), '');
    for (const name of ['text.mp4', 'empty.mp4', 'missing.mp4', '.']) {
      expect(() => new VideoReader(at(name))).toThrow(expect.objectContaining({ code: 'file_unreadable' }));
    }
  });

  it('ends early, without a crash, where it is cut off', () => {
    makeVideoFile({
      path: at('whole.mkv'),
      video: { width: 320, height: 240, times: steady(30), draw: (index) => movingPicture(320, 240, index) },
    });
    const bytes = readFileSync(at('whole.mkv'));
    writeFileSync(at('cut.mkv'), bytes.subarray(0, bytes.length >> 1));
    const { times } = readAll(at('cut.mkv'));
    expect(times.length).toBeGreaterThan(2);
    expect(times.length).toBeLessThan(30);
  });

  it('is refused where it cannot be written', () => {
    const reader = new VideoReader(at('plain.mp4'));
    const open = () => new VideoWriter(join(folder, 'no', 'such', 'out.mp4'), containerOf('out.mp4')!, reader);
    expect(open).toThrow(expect.objectContaining({ code: 'file_unwritable' }));
    expect(existsSync(at('no'))).toBe(false);
    reader.close();
  });
});

it('knows which sound a container holds as it is', () => {
  expect(holdsAudio(containerOf('a.MP4')!, ['aac', 'opus'])).toBe(true);
  expect(holdsAudio(containerOf('a.webm')!, ['aac'])).toBe(false);
  expect(holdsAudio(containerOf('a.mp4')!, ['pcm_s16le'])).toBe(false);
  expect(holdsAudio(containerOf('a.mkv')!, ['pcm_s16le'])).toBe(true);
  expect(containerOf('a.avi')).toBeUndefined();
});

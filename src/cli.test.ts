import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { movingPicture } from '../test/support/moving-picture.ts';
import { pngClaiming, withOrientation } from '../test/support/picture-files.ts';
import { runGuise, type Told } from '../test/support/run-guise.ts';
import { makeVideoFile } from '../test/support/video-file.ts';
import { EXIT } from './cli.ts';
import { VideoReader } from './codec/file/reader.ts';
import { readPicture } from './codec/picture/read.ts';
import { writeJpeg, writePng } from './codec/picture/write.ts';
import { WorkPicture } from './codec/work-picture.ts';
import { PROJECT_ROOT } from './entry.ts';
import { i420ToRgb } from './media/colour.ts';
import type { Rgb } from './media/plane.ts';
import { turnI420 } from './media/turn.ts';

const ASTRONAUT = join(PROJECT_ROOT, 'test/fixtures/astronaut.png');
const HOPPER = join(PROJECT_ROOT, 'test/fixtures/grace_hopper.jpg');
const CONSENT = ['--subject', 'Eileen Collins', '--granted-by', 'NASA, public domain'];

let folder: string;
let out: string;
const at = (name: string) => join(folder, name);
const made = (name: string) => join(out, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guise-cli-'));
  out = at('out');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => rmSync(out, { recursive: true, force: true }));

function guise(args: readonly string[], signal?: AbortSignal): Promise<Told> {
  mkdirSync(out, { recursive: true });
  return runGuise(args, signal);
}

const swap = (input: string, output: string, ...more: string[]) =>
  guise(['swap', input, '--identity', 'mask:gold', '--out', made(output), ...more]);

/** Where the portrait's face is in `movingPicture` and in the astronaut's own picture. */
const FACE = { x: 180, y: 55, width: 80, height: 100 };

/** Share of the pixels of a box that differ by more than 40 in any channel. */
function changed(a: Rgb, b: Rgb, box: typeof FACE, shift = { x: 0, y: 0 }): number {
  let count = 0;
  for (let y = box.y - shift.y; y < box.y - shift.y + box.height; y++) {
    for (let x = box.x - shift.x; x < box.x - shift.x + box.width; x++) {
      const k = (y * a.width + x) * 3;
      count += [0, 1, 2].some((channel) => Math.abs(a.data[k + channel]! - b.data[k + channel]!) > 40) ? 1 : 0;
    }
  }
  return count / (box.width * box.height);
}

function frames(path: string): { facts: VideoReader['facts']; times: number[]; first: Rgb; sound: number } {
  const reader = new VideoReader(path);
  const work = new WorkPicture();
  const times: number[] = [];
  let first: Rgb | undefined;
  let sound = 0;
  for (;;) {
    const moment = reader.next(work, () => sound++);
    if (!moment) break;
    first ??= i420ToRgb(work.picture);
    times.push(Math.round((Number(moment.pts) * 1000 * reader.timeBase.num) / reader.timeBase.den));
  }
  const { facts } = reader;
  reader.close();
  work.close();
  return { facts, times, first: first!, sound };
}

describe('guise swap on a picture', () => {
  it('changes the face and the mark, and no other pixel', async () => {
    const { code, out: told } = await swap(ASTRONAUT, 'swapped.png');
    expect({ code, told }).toEqual({ code: EXIT.done, told: expect.stringContaining('swapped') as string });
    const [before, after] = [readPicture(readFileSync(ASTRONAUT)), readPicture(readFileSync(made('swapped.png')))];
    expect(changed(before, after, FACE)).toBeGreaterThan(0.6);
    expect(changed(before, after, { x: 12, y: 474, width: 100, height: 24 })).toBeGreaterThan(0.1);
    const rest = { x: 330, y: 0, width: 180, height: 512 };
    expect(changed(before, after, rest)).toBe(0);
  });

  it('puts a photo on with consent, as JPEG, and says what the photo could do better', async () => {
    const args = ['swap', HOPPER, '--identity', ASTRONAUT, '--out', made('swapped.jpg'), ...CONSENT];
    const { code, err } = await guise(args);
    expect(code).toBe(EXIT.done);
    expect(err).toContain('note [photo_mouth_open]');
    expect(readPicture(readFileSync(made('swapped.jpg'))).height).toBe(600);
  });

  it('puts on whom a folder of photos shows, and says which of them it could not use', async () => {
    const folder = at('photos');
    mkdirSync(folder);
    copyFileSync(ASTRONAUT, join(folder, 'a.png'));
    writeFileSync(join(folder, 'b.jpg'), 'no picture');
    writeFileSync(join(folder, 'notes.txt'), 'no picture either');
    const args = ['swap', HOPPER, '--identity', folder, '--identity', ASTRONAUT, '--out', made('several.png')];
    const { code, err } = await guise([...args, ...CONSENT]);
    expect(code).toBe(EXIT.done);
    expect(err).toContain(`not used: ${join(folder, 'b.jpg')} [photo_unreadable]`);
    expect(err).not.toContain('notes.txt');
  });

  it('is upright as its EXIF orientation says, so that the face is found', async () => {
    const upright = readPicture(readFileSync(ASTRONAUT));
    const lying: Rgb = { ...upright, data: new Uint8Array(upright.data.length) };
    const side = upright.width;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const to = ((side - 1 - x) * side + y) * 3;
        for (const channel of [0, 1, 2]) lying.data[to + channel] = upright.data[(y * side + x) * 3 + channel]!;
      }
    }
    writeFileSync(at('lying.jpg'), withOrientation(writeJpeg(lying), 6));
    expect((await swap(at('lying.jpg'), 'upright.png')).out).toContain('swapped');
    expect(changed(upright, readPicture(readFileSync(made('upright.png'))), FACE)).toBeGreaterThan(0.6);
  });

  it('hides all where no face is found', async () => {
    const blank = { width: 320, height: 240, data: new Uint8Array(320 * 240 * 3).map((_, k) => (k * 7) & 255) };
    writeFileSync(at('blank.png'), writePng(blank));
    expect((await swap(at('blank.png'), 'hidden.png')).out).toContain('hidden, no face');
  });
});

describe('guise swap on a video', () => {
  it('keeps sound and a variable frame rate, and takes an odd size', async () => {
    const times = [0, 40, 200, 210, 250, 400];
    const draw = (index: number) => movingPicture(641, 359, index);
    const video = { width: 641, height: 359, times, draw, encoder: 'libvpx' };
    makeVideoFile({ path: at('odd.mkv'), video, audio: { seconds: 0.5, encoder: 'aac' } });
    const { code, out: told, err } = await swap(at('odd.mkv'), 'odd.mp4');
    expect(code).toBe(EXIT.done);
    expect(told).toMatch(/6 frames of 642 × 360 at [\d.]+ fps: 6 swapped; sound aac copied/);
    expect(err).toContain('641 × 359 becomes 642 × 360');
    const result = frames(made('odd.mp4'));
    expect(result.times).toEqual(times);
    expect(result.sound).toBe(frames(at('odd.mkv')).sound);
    const source = frames(at('odd.mkv')).first;
    const padded: Rgb = { width: 641, height: 359, data: crop(result.first, 641, 359) };
    expect(changed(source, padded, FACE, { x: 40, y: 60 })).toBeGreaterThan(0.5);
    expect(readdirSync(out)).toEqual(['odd.mp4']);
  });

  it('is turned upright as the file asks, so that the face is found', async () => {
    const draw = (index: number) => turnI420(movingPicture(480, 360, index), 3);
    const video = { width: 360, height: 480, times: [0, 40, 80, 120], draw, rotation: 90 as const };
    makeVideoFile({ path: at('turned.mp4'), video });
    expect((await swap(at('turned.mp4'), 'upright.mp4')).out).toMatch(/4 frames of 480 × 360 .*4 swapped; no sound/);
    expect(frames(made('upright.mp4')).facts.turns).toBe(0);
  });

  it('leaves nothing behind where it is interrupted', async () => {
    const video = {
      width: 320,
      height: 240,
      times: [0, 40, 80],
      draw: (index: number) => movingPicture(320, 240, index),
    };
    makeVideoFile({ path: at('short.mp4'), video });
    const args = ['swap', at('short.mp4'), '--identity', 'mask:gold', '--out', made('never.mp4')];
    expect((await guise(args, AbortSignal.abort())).code).toBe(EXIT.interrupted);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe('guise swap refuses', () => {
  const inputs: readonly [string, string, string, () => void][] = [
    ['a file that is not there', 'file_unreadable', 'missing.mp4', () => undefined],
    ['text named .mp4', 'file_unreadable', 'text.mp4', () => writeFileSync(at('text.mp4'), 'no film')],
    ['text named .jpg', 'photo_unreadable', 'text.jpg', () => writeFileSync(at('text.jpg'), 'no picture')],
    ['0 bytes named .png', 'photo_empty', 'empty.png', () => writeFileSync(at('empty.png'), '')],
    ['a bomb', 'photo_too_large', 'bomb.png', () => writeFileSync(at('bomb.png'), pngClaiming(20_000, 20_000))],
    [
      'a file without video track',
      'file_no_video',
      'sound.mp4',
      () => makeVideoFile({ path: at('sound.mp4'), audio: { seconds: 0.3, encoder: 'aac' } }),
    ],
  ];
  it.each(inputs)('%s (%s)', async (_, wanted, name, make) => {
    make();
    const { code, err } = await swap(at(name), name.endsWith('.mp4') ? 'x.mp4' : 'x.png');
    expect({ code, err }).toEqual({ code: EXIT.failed, err: expect.stringMatching(`^error \\[${wanted}\\] .*\n$`) });
    expect(readdirSync(out)).toEqual([]);
  });

  it('an output that cannot be written, before any work', async () => {
    writeFileSync(at('input.png'), readFileSync(ASTRONAUT));
    const refused = async (output: string) => {
      const args = ['swap', at('input.png'), '--identity', 'mask:gold', '--out', output];
      expect((await guise(args)).err).toMatch(/^error \[file_unwritable\]/);
    };
    await refused(at('no/such/folder.png'));
    await refused(folder);
    await refused(at('input.png'));
    await refused(join(at('input.png'), 'below.png'));
    await refused(at('picture.mp4'));
    await refused(at('picture.unheard'));
    expect(readFileSync(at('input.png')).equals(readFileSync(ASTRONAUT))).toBe(true);
  });

  it('an unknown identity', async () => {
    const [mask, photo] = ['mask:nobody', at('nobody.jpg')];
    const run = (identity: string) =>
      guise(['swap', ASTRONAUT, '--identity', identity, '--out', made('x.png'), ...CONSENT]);
    expect((await run(mask)).err).toMatch(/^error \[identity_unknown\] .*mask:gold/);
    expect((await run(photo)).err).toMatch(/^error \[identity_unknown\]/);
  });

  it('a photo without consent, showing how to state it', async () => {
    const args = ['swap', HOPPER, '--identity', ASTRONAUT, '--out', made('x.png')];
    for (const part of [[], CONSENT.slice(0, 2), CONSENT.slice(2)]) {
      const { code, err } = await guise([...args, ...part]);
      expect(code).toBe(EXIT.failed);
      expect(err).toMatch(/^error \[consent_missing\] .*--subject .*--granted-by/);
    }
  });

  it('what the operator has not allowed: another policy, no mark', async () => {
    for (const more of [['--policy', 'always'], ['--policy', 'when-no-face'], ['--no-label']]) {
      expect((await swap(ASTRONAUT, 'x.png', ...more)).err).toMatch(/^error \[policy_not_allowed\]/);
    }
  });

  it('what it does not understand, with the exit code for that', async () => {
    const looks = ['front', 'front=perhaps', 'mouth=2', 'mouth=', 'opacity=1', 'toString=1', ''].map((look) => [
      '--look',
      look,
    ]);
    for (const more of [['--faces', '9'], ['--opacity', 'much'], ['--policy', 'sometimes'], ['--colour'], ...looks]) {
      const { code, err } = await swap(ASTRONAUT, 'x.png', ...more);
      expect({ code, err }).toEqual({ code: EXIT.usage, err: expect.stringMatching(/^error \[usage\]/) });
    }
    expect((await guise(['juggle'])).code).toBe(EXIT.usage);
  });

  it('sound that the container cannot hold, where there is no ffmpeg program', async () => {
    const draw = (index: number) => movingPicture(320, 240, index);
    const video = { width: 320, height: 240, times: [0, 40], draw };
    makeVideoFile({ path: at('sounding.mp4'), video, audio: { seconds: 0.2, encoder: 'aac' } });
    const before = process.env['FFMPEG_BIN'];
    process.env['FFMPEG_BIN'] = at('nowhere');
    const needing = await swap(at('sounding.mp4'), 'x.webm');
    const plain = await swap(at('sounding.mp4'), 'x.mp4');
    if (before === undefined) delete process.env['FFMPEG_BIN'];
    else process.env['FFMPEG_BIN'] = before;
    expect(needing.err).toMatch(/^error \[ffmpeg_missing\]/);
    expect(plain.code).toBe(EXIT.done);
  });
});

describe('guise landmarks', () => {
  it('prints 478 points of each face in pixels, as MediaPipe finds them', async () => {
    const { code, out: told } = await guise(['landmarks', ASTRONAUT, '--json']);
    expect(code).toBe(EXIT.done);
    const { faces } = JSON.parse(told) as { faces: { score: number; landmarks: number[][] }[] };
    expect(faces).toHaveLength(1);
    expect(faces[0]!.score).toBeGreaterThan(0.9);
    expect(faces[0]!.landmarks).toHaveLength(478);
    const file = join(PROJECT_ROOT, 'test/fixtures/landmarks-reference.json');
    const reference = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number[][]>)['astronaut.png']!;
    const errors = reference.map(([x, y], index) => {
      const [foundX, foundY] = faces[0]!.landmarks[index]!;
      return Math.hypot(foundX! - x!, foundY! - y!);
    });
    expect(errors.reduce((sum, error) => sum + error) / errors.length).toBeLessThan(0.3);
  });

  it('refuses what is no picture', async () => {
    expect((await guise(['landmarks', at('missing.jpg')])).err).toMatch(/^error \[file_unreadable\]/);
    expect((await guise(['landmarks', join(PROJECT_ROOT, 'package.json')])).err).toMatch(/^error \[photo_unreadable\]/);
  });
});

describe('guise', () => {
  it('lists at least five masks and draws them', async () => {
    const { code, out: told } = await guise(['masks', '--out', made('')]);
    expect(code).toBe(EXIT.done);
    const names = told
      .trim()
      .split('\n')
      .map((line) => /^mask:([a-z-]+) /.exec(line)![1]!);
    expect(names.length).toBeGreaterThanOrEqual(5);
    expect(readdirSync(out).sort()).toEqual(names.map((name) => `${name}.png`).sort());
  });

  it('tells help and version', async () => {
    expect(await guise(['--help'])).toMatchObject({ code: EXIT.done, out: expect.stringContaining('swap') as string });
    expect((await guise(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('does not mind a reader that stops before the end', async () => {
    const program = join(PROJECT_ROOT, 'bin/guise.mjs');
    const child = spawn(process.execPath, [program, 'masks'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const told: Buffer[] = [];
    child.stderr.on('data', (data: Buffer) => told.push(data));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(EXIT.done);
    expect(Buffer.concat(told).toString()).not.toMatch(/error|EPIPE/i);
  });

  it('runs as a program', async () => {
    const program = join(PROJECT_ROOT, 'bin/guise.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'masks']);
    expect(stdout).toContain('mask:gold');
    const failed = promisify(execFile)(process.execPath, [program, 'landmarks', at('missing.jpg')]);
    await expect(failed).rejects.toMatchObject({
      code: EXIT.failed,
      stderr: expect.stringMatching(/^error \[file_unreadable\]/) as string,
    });
  });
});

function crop(picture: Rgb, width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(picture.data.subarray(y * picture.width * 3, (y * picture.width + width) * 3), y * width * 3);
  }
  return data;
}

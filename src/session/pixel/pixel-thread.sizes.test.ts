import { beforeAll, describe, expect, test } from 'vitest';
import { encodedClip, sceneOf } from '../../../test/media/clip.ts';
import { psnr } from '../../../test/media/psnr.ts';
import { dropped, PixelRig, talk } from '../../../test/support/pixel-rig.ts';
import { PictureScaler } from '../../codec/picture-scaler.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import type { Chunk } from '../../media/chunk.ts';
import { drawLabel, labelBox } from '../../media/label.ts';
import { allocI420, type Box, type I420 } from '../../media/plane.ts';
import { turnI420, type QuarterTurns } from '../../media/turn.ts';
import { sessionSettingsSchema } from '../settings.ts';
import { openParts, type OpenParts } from './parts.ts';

const SIZE = { width: 1280, height: 720 };
let real: OpenParts;
let clip: Chunk[];
beforeAll(async () => {
  real = await openParts();
  const { chunks } = await encodedClip({ script: 'talk', ...SIZE }, 'vp8');
  clip = chunks.map((chunk, i): Chunk => {
    return { codec: 'vp8', ...chunk, timestamp: i * 3000, decodable: 0, referenced: true };
  });
});

const realRig = () => new PixelRig(real, { backend: real.backend, createTracker: real.createTracker });

function scaled(source: I420, width: number, height: number): I420 {
  const [from, into] = [new WorkPicture(), new WorkPicture()];
  from.load(source);
  new PictureScaler().scale(from, into, { width, height });
  return into.picture;
}

/** The middle of the face in frame `index`, in a picture of `width`. */
function faceAt(index: number, width: number): Box {
  const { box } = sceneOf({ script: 'talk', ...SIZE }).truth(index)[0]!;
  const scale = width / SIZE.width;
  return {
    x: (box.x + box.width * 0.25) * scale,
    y: (box.y + box.height * 0.3) * scale,
    width: box.width * 0.5 * scale,
    height: box.height * 0.4 * scale,
  };
}

describe('a way that carries less', () => {
  test('gets smaller pictures and fewer of them, still swapped, and the whole again once it carries more', async () => {
    const rig = realRig();
    rig.open();
    await rig.play(clip.slice(0, 20));
    rig.thread.receive({ type: 'bitrate', session: 'a', bitsPerSecond: 300_000 });
    await rig.play(clip.slice(20, 80));
    expect(rig.figures()).toMatchObject({ ...SIZE, sentWidth: 640, sentHeight: 360, frameRateLimit: 20 });
    rig.thread.receive({ type: 'bitrate', session: 'a', bitsPerSecond: 2_000_000 });
    await rig.play(clip.slice(80, 210));
    const figures = rig.figures();
    expect(figures).toMatchObject({ ...SIZE, sentWidth: 1280, sentHeight: 720, frameRateLimit: null });
    const thinned = figures.drops['decode:thinned'] ?? 0;
    expect(dropped(figures)).toBe(thinned);
    expect(figures.swapped + thinned).toBe(210);

    const out = rig.of('chunk');
    const pictures = rig.pictures();
    const frames = out.map(({ chunk }) => chunk.timestamp / 3000);
    const small = frames.filter((_, i) => pictures[i]!.width === 640);
    // From the frame after the change until four seconds after the way was free again, two of three.
    expect(small[0]).toBe(20);
    expect(small.at(-1)).toBeGreaterThanOrEqual(197);
    expect(small.at(-1)).toBeLessThan(202);
    expect(Math.abs(small.length - 120)).toBeLessThanOrEqual(3);
    expect(out.flatMap(({ chunk }, i) => (chunk.keyframe ? [frames[i]!] : []))).toEqual([0, 20, small.at(-1)! + 1]);

    // The face in them is the same one as in the large picture before, not the caller's.
    const index = frames.indexOf(small[2]!);
    const shown = pictures[index]!;
    const caller = scaled(sceneOf({ script: 'talk', ...SIZE }).draw(small[2]!).picture, 640, 360);
    const before = scaled(pictures[19]!, 640, 360);
    expect(psnr(shown, before, { within: faceAt(19, 640) })).toBeGreaterThan(23);
    expect(psnr(shown, caller, { within: faceAt(small[2]!, 640) })).toBeLessThan(18);
  });

  test('gets the last picture sent again for a keyframe, in the size it had', async () => {
    const rig = new PixelRig(real);
    rig.open('a', { bitrate: 500_000 });
    await rig.play(clip.slice(0, 4));
    rig.swaps = false;
    rig.thread.receive({ type: 'keyframe', session: 'a' });
    await rig.play(clip.slice(4, 6));
    const pictures = rig.pictures();
    expect(pictures.map(({ width }) => width)).toEqual([640, 640, 640, 640, 640]);
    expect(rig.of('chunk').at(-1)!.chunk.keyframe).toBe(true);
    expect(psnr(pictures[3]!, pictures[4]!)).toBeGreaterThan(30);
  });

  test('gets a keyframe that is wanted from a frame that would have been thinned', async () => {
    const rig = new PixelRig(real);
    rig.open('a', { bitrate: 150_000 });
    await rig.play(clip.slice(0, 10));
    const sent = rig.of('chunk').map(({ chunk }) => chunk.timestamp / 3000);
    expect(sent.slice(-3)).toEqual([4, 6, 8]);
    rig.thread.receive({ type: 'keyframe', session: 'a' });
    await rig.play(clip.slice(10, 11));
    rig.thread.receive({ type: 'keyframe', session: 'a' });
    await rig.play(clip.slice(11, 12));
    expect(rig.of('chunk').slice(-2)).toMatchObject([
      { chunk: { keyframe: true, timestamp: 10 * 3000 } },
      { chunk: { keyframe: true, timestamp: 11 * 3000 } },
    ]);
  });

  test('spends nothing on frames that are not sent, but decoding', async () => {
    const rig = new PixelRig(real);
    let tracked = 0;
    rig.whileTracking = () => void tracked++;
    rig.open('a', { bitrate: 150_000 });
    await rig.play(clip.slice(0, 60));
    expect(rig.figures()).toMatchObject({ decoded: 60, frameRateLimit: 15 });
    expect(Math.abs(tracked - 30)).toBeLessThanOrEqual(1);
  });

  test('gets no larger pictures because the thread is short of time', async () => {
    const rig = new PixelRig(real);
    rig.open('a', { bitrate: 500_000 });
    await rig.play(clip.slice(0, 20));
    // Six come at once each time: one goes on, five frames a second.
    for (let first = 20; first < 200; first += 6) {
      rig.now += 200;
      clip.slice(first, first + 6).forEach((chunk) => rig.put(chunk));
      await rig.thread.idle();
    }
    expect(new Set(rig.pictures().map(({ height }) => height))).toEqual(new Set([360]));
  });

  test('keeps to the owner’s limit as to the way’s, whichever is less', async () => {
    const rig = new PixelRig(real);
    rig.open();
    const change = (bitrate: number) => {
      const settings = sessionSettingsSchema.parse({ bitrate });
      rig.thread.receive({ type: 'settings', session: 'a', settings });
    };
    rig.thread.receive({ type: 'bitrate', session: 'a', bitsPerSecond: 700_000 });
    await rig.play(clip.slice(0, 2));
    change(5_000_000);
    await rig.play(clip.slice(2, 4));
    change(400_000);
    await rig.play(clip.slice(4, 60));
    const widths = rig.pictures().map(({ width }) => width);
    expect(widths.slice(0, 4)).toEqual([960, 960, 960, 960]);
    expect(widths.at(-1)).toBe(640);
  });
});

test('the mark stays readable in every smaller size', () => {
  for (const [from, to] of [
    [1080, 360],
    [1080, 720],
    [720, 540],
    [720, 360],
    [540, 360],
  ] as const) {
    const width = (from * 16) / 9;
    const large = allocI420(width, from);
    large.y.fill(120);
    drawLabel(large);
    const small = scaled(large, (to * 16) / 9, to);
    const box = labelBox(width, from);
    const dot = Math.max(1, Math.round(from / 240));
    const [letters, plate]: [number[], number[]] = [[], []];
    for (let y = box.y + 3 * dot; y + 3 * dot < box.y + box.height; y += dot) {
      for (let x = box.x + 3 * dot; x + 3 * dot < box.x + box.width; x += dot) {
        const at = (value: number) => Math.floor(((value + dot / 2) * to) / from);
        const shows = large.y[y * large.strideY + x]! > 200 ? letters : plate;
        shows.push(small.y[at(y) * small.strideY + at(x)]!);
      }
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(letters) - mean(plate)).toBeGreaterThan(80);
    expect(letters.filter((value) => value > 130).length / letters.length).toBeGreaterThan(0.9);
  }
});

describe('a camera that lies on its side', () => {
  /** The talking head as it comes from a camera that is turned so that it needs `turns` to stand. */
  const lying = (turns: QuarterTurns, first: number, frames: number): Chunk[] =>
    talk(frames, { first, width: 480, height: 360, turns: ((4 - turns) % 4) as QuarterTurns }).map((chunk) => ({
      ...chunk,
      rotation: turns,
    }));

  for (const turns of [1, 2, 3] as const) {
    test(`is turned by ${turns * 90}° before its face is looked for, and sent upright`, async () => {
      const [rig, straight] = [realRig(), realRig()];
      rig.open();
      straight.open();
      await rig.play(lying(turns, 0, 10));
      await straight.play(talk(10, { width: 480, height: 360 }));
      expect(rig.figures()).toMatchObject({ width: 480, height: 360, sentWidth: 480, swapped: 10, drops: {} });
      expect(psnr(rig.pictures()[9]!, straight.pictures()[9]!)).toBeGreaterThan(30);
    });
  }

  test('may turn in the call: another shape begins with a keyframe, and the face is not shown', async () => {
    const rig = realRig();
    rig.open();
    const upright = talk(8, { width: 480, height: 360, first: 0 });
    // The phone is turned: what comes has the same size, and the picture to be shown stands.
    const turned = upright.map((chunk, i): Chunk => ({ ...chunk, rotation: 1, timestamp: (8 + i) * 3000 }));
    await rig.play(upright);
    await rig.play(turned);
    const sizes = rig.pictures().map(({ width, height }) => `${width}x${height}`);
    expect(sizes).toEqual([...Array<string>(8).fill('480x360'), ...Array<string>(8).fill('360x480')]);
    expect(rig.of('chunk').flatMap(({ chunk }, i) => (chunk.keyframe ? [i] : []))).toEqual([0, 8]);
    const last = turnI420(rig.pictures()[15]!, 3);
    const index = 7;
    const caller = sceneOf({ script: 'talk', width: 480, height: 360 }).draw(index).picture;
    const { box } = sceneOf({ script: 'talk', width: 480, height: 360 }).truth(index)[0]!;
    const middle = {
      x: box.x + box.width * 0.25,
      y: box.y + box.height * 0.3,
      width: box.width * 0.5,
      height: box.height * 0.4,
    };
    expect(psnr(last, caller, { within: middle })).toBeLessThan(18);
  });
});

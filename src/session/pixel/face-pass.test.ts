import { beforeAll, describe, expect, test } from 'vitest';
import { psnr } from '../../../test/media/psnr.ts';
import { sceneOf, type ScriptName } from '../../../test/media/clip.ts';
import type { Faces } from '../../face/face.ts';
import { overlap } from '../../face/mesh/region.ts';
import { labelBox } from '../../media/label.ts';
import { allocI420, type Box, type I420 } from '../../media/plane.ts';
import type { SwapBackend } from '../../schedule/backend.ts';
import type { SwapCrop, SwappedCrop } from '../../swap/swap.ts';
import { monotonic } from '../../time.ts';
import { USUAL_LOOK } from '../settings.ts';
import { FacePass, type PassSettings, type PassStage, type Tracking } from './face-pass.ts';
import { openParts, type OpenParts } from './parts.ts';

const SETTINGS: PassSettings = {
  policy: 'never',
  budget: 66,
  faces: 1,
  ...USUAL_LOOK,
  keepEyes: false,
  keepMouth: false,
  label: true,
};
/** What `psnr` gives for the same luma everywhere. */
const IDENTICAL = 99;
const SIZE = { width: 640, height: 360 };
let parts: OpenParts;
beforeAll(async () => {
  parts = await openParts();
});

const copy = (p: I420): I420 => ({ ...p, y: p.y.slice(), u: p.u.slice(), v: p.v.slice() });

function passOf(settings: Partial<PassSettings> = {}, mask = 'porcelain'): FacePass {
  const { backend, clock } = parts;
  const pass = new FacePass({ tracker: parts.createTracker(1), backend, clock }, { ...SETTINGS, ...settings });
  pass.wear(parts.mask(mask) ?? null);
  return pass;
}

function meanBlue(picture: I420, { x, y, width, height }: Box): number {
  let [sum, n] = [0, 0];
  for (let row = y >> 1; row < (y + height) >> 1; row++) {
    for (let column = x >> 1; column < (x + width) >> 1; column++, n++)
      sum += picture.u[row * picture.strideUv + column]!;
  }
  return sum / n;
}

/** The middle of a face: from the brows to the mouth, without hair, chin and ears. */
const core = ({ x, y, width, height }: Box): Box => ({
  x: x + width * 0.2,
  y: y + height * 0.2,
  width: width * 0.6,
  height: height * 0.55,
});

/**
 * How much of the fine detail of `before` is left in `after`: the correlation of what a 4 × 4 mean does not hold, 0 none to
 * 1 all of it. Nothing that is hidden or replaced keeps any; a face that shines through does.
 */
function detailKept(before: I420, after: I420, area: Box): number {
  const details = (p: I420): number[] => {
    const cells: number[] = [];
    const [x0, y0] = [Math.max(4, Math.ceil(area.x / 2) * 2), Math.max(4, Math.ceil(area.y / 2) * 2)];
    const mean = (x: number, y: number, side: number) => {
      let sum = 0;
      for (let j = 0; j < side; j++) for (let i = 0; i < side; i++) sum += p.y[(y + j) * p.strideY + x + i]!;
      return sum / (side * side);
    };
    for (let y = y0; y < Math.min(p.height - 8, area.y + area.height); y += 2)
      for (let x = x0; x < Math.min(p.width - 8, area.x + area.width); x += 2)
        cells.push(mean(x, y, 2) - mean(x - 3, y - 3, 8));
    return cells;
  };
  const [a, b] = [details(before), details(after)];
  const dot = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  return a.length < 20 ? 0 : dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) + 1e-9);
}

describe('FacePass on a talking head', () => {
  test('swaps the face, leaves the rest of the picture and its label apart bit for bit, and says what it did', async () => {
    const pass = passOf();
    const scene = sceneOf({ script: 'talk', ...SIZE });
    const outcomes: string[] = [];
    for (let index = 0; index < 20; index++) {
      const { picture, time, faces } = scene.draw(index);
      const before = copy(picture);
      const after = copy(picture);
      const result = await pass.run(after, { at: time * 1000 });
      outcomes.push(result.kind === 'ready' ? result.outcome : result.kind);
      if (index < 12) continue;
      const { box } = faces[0]!;
      const around = { x: box.x - 50, y: box.y - 50, width: box.width + 100, height: box.height + 100 };
      expect(psnr(before, after, { without: [around, labelBox(SIZE.width, SIZE.height)] })).toBe(IDENTICAL);
      expect(detailKept(before, after, core(box))).toBeLessThan(0.5);
      expect(detailKept(before, before, core(box))).toBeGreaterThan(0.99);
    }
    expect(new Set(outcomes)).toEqual(new Set(['swapped']));
  });

  test('hides the head beneath a swap of half opacity', async () => {
    const pass = passOf({ opacity: 0.5 });
    const scene = sceneOf({ script: 'talk', ...SIZE });
    for (let index = 0; index < 8; index++) {
      const { picture, time, faces } = scene.draw(index);
      const before = copy(picture);
      await pass.run(picture, { at: time * 1000 });
      expect(detailKept(before, picture, core(faces[0]!.box))).toBeLessThan(0.5);
    }
  });

  test('hides every head without an identity, and the whole picture where nobody is found', async () => {
    const pass = passOf();
    pass.wear(null);
    const scene = sceneOf({ script: 'talk', ...SIZE });
    for (let index = 0; index < 8; index++) {
      const { picture, time, faces } = scene.draw(index);
      const before = copy(picture);
      const result = await pass.run(picture, { at: time * 1000 });
      expect(result).toMatchObject({ kind: 'ready', outcome: 'hidden' });
      expect(detailKept(before, picture, core(faces[0]!.box))).toBeLessThan(0.25);
    }
    const room = allocI420(SIZE.width, SIZE.height);
    expect(await passOf().run(room, { at: 0 })).toMatchObject({ kind: 'ready', outcome: 'hidden' });
  });

  test('puts another identity on from the next picture on', async () => {
    const pass = passOf();
    const scene = sceneOf({ script: 'talk', ...SIZE });
    for (let index = 0; index < 6; index++) await pass.run(scene.draw(index).picture, { at: index * 33 });
    const [first, second] = [copy(scene.draw(6).picture), copy(scene.draw(6).picture)];
    await pass.run(first, { at: 200 });
    pass.wear(parts.mask('gold') ?? null);
    await pass.run(second, { at: 233 });
    expect(psnr(first, second, { within: core(scene.truth(6)[0]!.box) })).toBeLessThan(20);
  });

  test('puts somebody of its own on each of two faces, also after they have crossed, and exposes neither', async () => {
    const { backend, clock } = parts;
    const pass = new FacePass({ tracker: parts.createTracker(2), backend, clock }, { ...SETTINGS, faces: 2 });
    pass.cast([
      { identity: parts.mask('gold')!, position: 1 },
      { identity: parts.mask('porcelain')!, position: -1 },
    ]);
    const scene = sceneOf({ script: 'crossing', ...SIZE });
    const exposed: number[] = [];
    let last: I420 | undefined;
    for (let index = 0; index <= 130; index += 2) {
      const { picture, time, faces } = scene.draw(index);
      const before = copy(picture);
      const result = await pass.run(picture, { at: time * 1000 });
      if (result.kind !== 'ready') continue;
      // Of who is behind the other nothing is seen that could be kept.
      const seen = faces.filter((face) => faces.every((other) => other === face || overlap(face.box, other.box) < 0.2));
      if (seen.some(({ box }) => detailKept(before, picture, core(box)) > 0.6)) exposed.push(index);
      last = picture;
    }
    expect(exposed).toEqual([]);
    // Hopper began on the left, as gold, which is yellow: little blue.
    const blue = Object.fromEntries(
      scene.truth(130).map(({ portrait, box }) => [portrait, meanBlue(last!, core(box))]),
    );
    expect(blue['hopper']).toBeLessThan(blue['astronaut']! - 15);
  });

  test('hides the others where only one of several is to be swapped', async () => {
    const { backend, clock } = parts;
    const pass = new FacePass({ tracker: parts.createTracker(2), backend, clock }, { ...SETTINGS, faces: 2 });
    pass.wear(parts.mask('gold')!);
    pass.cast([{ identity: parts.mask('porcelain')!, position: 1 }, { identity: null }]);
    const scene = sceneOf({ script: 'crossing', ...SIZE });
    for (let index = 0; index < 20; index++) {
      const { picture, time, faces } = scene.draw(index);
      const before = copy(picture);
      const result = await pass.run(picture, { at: time * 1000 });
      for (const { box } of faces) expect(detailKept(before, picture, core(box))).toBeLessThan(0.6);
      if (index < 10) continue;
      expect(result).toMatchObject({ kind: 'ready', outcome: 'swapped' });
      // What is hidden is smooth.
      const hidden = faces.find(({ portrait }) => portrait === 'astronaut')!;
      expect(detailKept(before, picture, core(hidden.box))).toBeLessThan(0.25);
    }
  });

  test('draws no label where the settings say so', async () => {
    const pass = passOf({ label: false });
    const { picture } = sceneOf({ script: 'talk', ...SIZE }).draw(0);
    for (let k = 0; k < 10; k++) await pass.run(picture, { at: k * 33 });
    const before = copy(picture);
    await pass.run(picture, { at: 333 });
    expect(psnr(before, picture, { within: labelBox(SIZE.width, SIZE.height) })).toBe(IDENTICAL);
  });
});

describe('FacePass exposes nobody', () => {
  /** Frames whose true faces keep their detail, in parts of a face that are inside the picture. */
  async function exposed(script: ScriptName, step: number): Promise<number[]> {
    const pass = passOf();
    const scene = sceneOf({ script, ...SIZE });
    const frames: number[] = [];
    for (let index = 0; index < scene.frames; index += step) {
      const { picture, time, faces } = scene.draw(index);
      const before = copy(picture);
      const result = await pass.run(picture, { at: time * 1000 });
      if (result.kind !== 'ready') continue;
      for (const { portrait, box } of faces) {
        if (portrait !== 'hopper') continue;
        if (detailKept(before, picture, core(box)) > 0.6) frames.push(index);
      }
    }
    return frames;
  }

  test('when the caller turns to 90° on both sides', async () => {
    expect(await exposed('turning', 3)).toEqual([]);
  });

  test('when the caller leaves and comes back', async () => {
    expect(await exposed('leaving', 3)).toEqual([]);
  });
});

describe('FacePass with parts that fail', () => {
  const face: Faces = {
    tracked: [
      {
        id: 1,
        landmarks: new Float32Array(478 * 3),
        box: { x: 200, y: 100, width: 120, height: 140 },
        pose: { yaw: 0, pitch: 0, roll: 0 },
        score: 1,
      },
    ],
    seen: [],
    events: [],
    searched: true,
  };
  const tracker: Tracking = { track: () => Promise.resolve(face), setMaximum: () => undefined };
  const failing = (how: () => Promise<readonly undefined[]>): SwapBackend<SwapCrop, SwappedCrop> => ({
    maximumBatch: 4,
    expected: () => 1,
    swap: how,
    close: () => undefined,
  });

  function noisy(): I420 {
    const picture = allocI420(640, 360);
    for (let i = 0; i < picture.y.length; i++) picture.y[i] = 16 + ((i * 7919) % 220);
    return picture;
  }

  for (const [name, swap] of [
    ['gives nothing back', () => Promise.resolve([undefined])],
    ['throws', () => Promise.reject(new Error('the GPU is gone'))],
  ] as const) {
    test(`holds for 300 ms and then hides the face when the swap ${name}`, async () => {
      const errors: unknown[] = [];
      const pass = new FacePass(
        { tracker, backend: failing(swap), clock: monotonic, onSwapError: (cause) => errors.push(cause) },
        SETTINGS,
      );
      pass.wear(parts.mask('porcelain') ?? null);
      const kinds: string[] = [];
      for (let at = 1000; at < 2000; at += 50) {
        const picture = noisy();
        const before = copy(picture);
        const result = await pass.run(picture, { at });
        kinds.push(result.kind === 'ready' ? result.outcome : result.kind);
        if (result.kind === 'ready') expect(detailKept(before, picture, face.tracked[0]!.box)).toBeLessThan(0.2);
      }
      expect(kinds.slice(0, 6)).toEqual(Array(6).fill('held'));
      expect(new Set(kinds.slice(6))).toEqual(new Set(['hidden']));
      expect(errors.length > 0).toBe(name === 'throws');
    });
  }

  test('ends before any stage that is no longer wanted, and touches no pixel', async () => {
    for (const unwanted of ['track', 'swap', 'composite'] as const) {
      const pass = passOf();
      const { picture } = sceneOf({ script: 'talk', ...SIZE }).draw(0);
      const before = copy(picture);
      const asked: PassStage[] = [];
      const stillWanted = (stage: PassStage) => asked.push(stage) > 0 && stage !== unwanted;
      expect(await pass.run(picture, { at: 0, stillWanted })).toMatchObject({ kind: 'unwanted', stage: unwanted });
      expect(asked.at(-1)).toBe(unwanted);
      expect(psnr(before, picture)).toBe(IDENTICAL);
    }
  });
});

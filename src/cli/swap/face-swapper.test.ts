import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sceneOf } from '../../../test/media/clip.ts';
import { WorkPicture } from '../../codec/work-picture.ts';
import type { I420 } from '../../media/plane.ts';
import { FacePass } from '../../session/pixel/face-pass.ts';
import { openParts, type OpenParts } from '../../session/pixel/parts.ts';
import { USUAL_LOOK, type SessionLook } from '../../session/settings.ts';
import type { CropLane } from '../../swap/neural/crop-lane.ts';
import { recipeFaceSchema } from '../../swap/neural/recipe.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { FaceSwapper, type SwapNetwork, type SwapSettings } from './face-swapper.ts';

const SIZE = { width: 480, height: 360 };
const FRAME = 1000 / 30;
/** A lock of hair has come down over an eye of the talker, who has been seen for more than a second. */
const COVERED = 75;

let parts: OpenParts;
let gold: PreparedIdentity;
beforeAll(async () => {
  parts = await openParts();
  gold = parts.mask('gold')!;
});
afterAll(() => parts.models.close());

const settingsOf = (look: Partial<SessionLook>): SwapSettings => ({
  ...{ ...USUAL_LOOK, ...look },
  ...{ policy: 'never', faces: 1, label: false },
});
/** Rows of luma without what a picture has between them. */
const lumaOf = ({ y, strideY, width, height }: I420): Buffer =>
  Buffer.concat(Array.from({ length: height }, (_, row) => y.subarray(row * strideY, row * strideY + width)));
const copy = (p: I420): I420 => ({ ...p, y: p.y.slice(), u: p.u.slice(), v: p.v.slice() });

/** The luma of a script's frame `to`, after those before it. */
async function swapped(swapper: FaceSwapper, script: 'talk' | 'covered', to: number): Promise<Buffer> {
  const scene = sceneOf({ script, ...SIZE });
  const work = new WorkPicture();
  for (let frame = 0; frame <= to; frame++) {
    work.load(scene.draw(frame).picture);
    expect(await swapper.swap(work, frame * FRAME)).toBe('swapped');
  }
  const last = lumaOf(work.picture);
  work.close();
  swapper.close();
  return last;
}

describe('a file', () => {
  test('keeps what comes before a face as a call does, with the same pixels', async () => {
    const asked = new FaceSwapper(parts.models, gold, settingsOf({}));
    const declined = new FaceSwapper(parts.models, gold, settingsOf({ front: false }));
    const kept = await swapped(asked, 'covered', COVERED);
    const painted = await swapped(declined, 'covered', COVERED);

    // A file's first picture is looked at before it counts.
    const call = new FacePass(
      { ...parts, tracker: parts.createTracker(1) },
      { ...settingsOf({ front: false }), budget: 66 },
    );
    call.wear(gold);
    const scene = sceneOf({ script: 'covered', ...SIZE });
    let raw = scene.draw(0).picture;
    for (let round = 8; round > 0; round--) await call.run(copy(raw), { at: -round * 40 });
    call.configure({ ...settingsOf({}), budget: 66 });
    let live = raw;
    for (let frame = 0; frame <= COVERED; frame++) {
      if (frame > 0) raw = scene.draw(frame).picture;
      live = copy(raw);
      await call.run(live, { at: frame * FRAME });
    }
    expect(kept.equals(lumaOf(live))).toBe(true);

    const changed = (picture: Buffer): number => {
      const count = (at: number): boolean => scene.covered[at] === 255 && Math.abs(picture[at]! - raw.y[at]!) > 12;
      return picture.reduce((sum, _, at) => sum + (count(at) ? 1 : 0), 0);
    };
    expect(changed(painted)).toBeGreaterThan(500);
    expect(changed(kept)).toBeLessThan(changed(painted) / 4);
  });

  test('does not believe a mask network that would show the face beneath', async () => {
    const recipe = recipeFaceSchema.parse({
      ...{ name: 'blind', size: 128, template: 'arcface_128', masks: true },
      source: { kind: 'image', size: 64, template: 'arcface_112_v2' },
    });
    const lane: CropLane = {
      swap: (crops) =>
        Promise.resolve(
          crops.map(() => ({ rgb: new Uint8Array(3 * 128 ** 2).fill(90), mask: new Uint8Array(128 ** 2) })),
        ),
      close: () => undefined,
    };
    const network: SwapNetwork = { recipe, lane };
    const source = { hash: 'grey', bytes: new Uint8Array(3 * 64 ** 2) };
    const worn = { ...gold, sources: new Map([['blind', source]]) };
    const { faces, picture: raw } = sceneOf({ script: 'talk', ...SIZE }).draw(3);
    const [x, y] = [3, 4].map((k) => Math.round(faces[0]!.landmarks[k]!)) as [number, number];
    /** Mean step from pixel to pixel around the tip of the nose. */
    const structure = (luma: Buffer): number => {
      let sum = 0;
      for (let row = y - 20; row < y + 20; row++) {
        for (let at = row * SIZE.width + x - 20; at < row * SIZE.width + x + 20; at++) {
          sum += Math.abs(luma[at]! - luma[at + 1]!);
        }
      }
      return sum / 1600;
    };
    const shown = await swapped(
      new FaceSwapper(parts.models, worn, settingsOf({ colours: 'off' }), network),
      'talk',
      3,
    );
    expect(structure(lumaOf(raw))).toBeGreaterThan(1);
    expect(structure(shown)).toBeLessThan(0.2);
  });
});

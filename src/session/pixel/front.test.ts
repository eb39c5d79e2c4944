import { expect, test } from 'vitest';
import { sceneOf } from '../../../test/media/clip.ts';
import type { I420 } from '../../media/plane.ts';
import { USUAL_LOOK } from '../settings.ts';
import { FacePass, type PassSettings } from './face-pass.ts';
import { openParts } from './parts.ts';

const SIZE = { width: 480, height: 360 };
const SETTINGS: PassSettings = { policy: 'never', budget: 66, faces: 1, ...USUAL_LOOK, label: false };
/** A lock of hair has come down over an eye of the talker, who has been seen for more than a second. */
const COVERED = 75;

test('hair that comes before a face stays before its swap, unless the session does not want it', async () => {
  const parts = await openParts();
  const passes = [true, false].map((front) => {
    const pass = new FacePass({ ...parts, tracker: parts.createTracker(1) }, { ...SETTINGS, front });
    pass.wear(parts.mask('gold')!);
    return pass;
  });
  const scene = sceneOf({ script: 'covered', ...SIZE });
  const copy = (picture: I420): I420 => ({
    ...picture,
    y: picture.y.slice(),
    u: picture.u.slice(),
    v: picture.v.slice(),
  });
  let shown: I420[] = [];
  let raw: I420 | undefined;
  for (let frame = 0; frame <= COVERED; frame++) {
    const { picture } = scene.draw(frame);
    raw = copy(picture);
    shown = [copy(picture), copy(picture)];
    for (const [k, pass] of passes.entries()) await pass.run(shown[k]!, { at: (frame * 1000) / 30 });
  }
  await parts.models.close();

  const changed = (picture: I420): number => {
    let count = 0;
    for (let at = 0; at < picture.y.length; at++) {
      if (scene.covered[at] === 255 && Math.abs(picture.y[at]! - raw!.y[at]!) > 12) count++;
    }
    return count;
  };
  const [kept, painted] = shown.map(changed);
  expect(painted).toBeGreaterThan(500);
  expect(kept).toBeLessThan(painted! / 4);
});

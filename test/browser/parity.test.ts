import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFaces } from '../../src/face/find-faces.ts';
import { FaceModels } from '../../src/face/models.ts';
import type { I420, Rgb } from '../../src/media/plane.ts';
import { sceneOf } from '../media/clip.ts';
import { referencePixels } from '../media/portrait.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { OfficialFaceMesh } from './official-mediapipe.ts';

/** Mean distance in the picture's plane, as a share of the face's width. */
const PARITY = 0.004;

describe.skipIf(BROWSER_SKIPPED)('landmarks beside the official MediaPipe (left out by GUISE_SKIP=browser)', () => {
  let official: OfficialFaceMesh;
  let models: FaceModels;

  beforeAll(async () => {
    official = await OfficialFaceMesh.open();
    models = await FaceModels.open();
  });
  afterAll(async () => {
    await official?.close();
    await models?.close();
  });

  /** Mean distance of both, and the face's width, pixels. */
  async function compare(picture: Rgb): Promise<{ error: number; width: number }> {
    const theirs = await official.landmarks(picture);
    const [ours] = await findFaces(models, picture);
    if (!theirs || !ours) throw new Error('both must find the face');
    let error = 0;
    for (let i = 0; i < 478 * 3; i += 3) {
      error += Math.hypot(ours.landmarks[i]! - theirs[i]!, ours.landmarks[i + 1]! - theirs[i + 1]!);
    }
    return { error: error / 478, width: Math.abs(theirs[454 * 3]! - theirs[234 * 3]!) };
  }

  it.each(['astronaut', 'hopper'] as const)('agree on the portrait %s', async (name) => {
    const { error, width } = await compare(referencePixels(name));

    expect(error / width).toBeLessThan(PARITY);
  });

  it('agree on frames of the synthetic clip, turned, nodding and speaking', async () => {
    const scene = sceneOf({ script: 'talk', width: 640, height: 480 });
    const shares: number[] = [];
    for (const index of [55, 145, 235]) {
      const { error, width } = await compare(toRgb(scene.draw(index).picture));
      shares.push(error / width);
    }

    expect(Math.max(...shares)).toBeLessThan(PARITY);
  }, 180_000);
});

/** BT.601 limited range; the nearest chroma sample. */
function toRgb({ width, height, y, u, v, strideY, strideUv }: I420): Rgb {
  const data = new Uint8Array(width * height * 3);
  const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const luma = 1.16438 * (y[row * strideY + column]! - 16);
      const chroma = (row >> 1) * strideUv + (column >> 1);
      const [blue, red] = [u[chroma]! - 128, v[chroma]! - 128];
      const at = (row * width + column) * 3;
      data[at] = clamp(luma + 1.59603 * red);
      data[at + 1] = clamp(luma - 0.39176 * blue - 0.81297 * red);
      data[at + 2] = clamp(luma + 2.01723 * blue);
    }
  }
  return { width, height, data };
}

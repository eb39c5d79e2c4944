import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture } from '../codec/picture/read.ts';
import { PROJECT_ROOT } from '../entry.ts';
import { rgbToI420 } from '../media/colour.ts';
import type { Rgb } from '../media/plane.ts';
import { findFaces } from './find-faces.ts';
import { FaceModels } from './models.ts';
import { headPose } from './track/pose.ts';

const fixture = (name: string): Rgb => readPicture(readFileSync(join(PROJECT_ROOT, 'test/fixtures', name)));
const reference = JSON.parse(
  readFileSync(join(PROJECT_ROOT, 'test/fixtures/landmarks-reference.json'), 'utf8'),
) as Record<string, [number, number, number][]>;

/** Mean distance in the plane from MediaPipe's own landmarks, pixels. */
function error(landmarks: Float32Array, of: string): number {
  const points = reference[of]!;
  return points.reduce(
    (sum, [x, y], k) => sum + Math.hypot(landmarks[3 * k]! - x, landmarks[3 * k + 1]! - y) / points.length,
    0,
  );
}

let models: FaceModels;
beforeAll(async () => {
  models = await FaceModels.open();
});
afterAll(() => models.close());

describe('findFaces', () => {
  it.each([
    ['astronaut.png', 'astronaut.png'],
    ['grace_hopper.jpg', 'hopper.png'],
  ])('finds the landmarks that MediaPipe finds in %s', async (file, key) => {
    const faces = await findFaces(models, fixture(file));

    expect(faces).toHaveLength(1);
    expect(faces[0]!.score).toBeGreaterThan(0.99);
    expect(error(faces[0]!.landmarks, key)).toBeLessThan(0.3);
  });

  it('finds them in I420 too', async () => {
    const [face] = await findFaces(models, rgbToI420(fixture('astronaut.png')));

    expect(error(face!.landmarks, 'astronaut.png')).toBeLessThan(0.4);
  });

  it('finds two people beside each other, the larger first', async () => {
    const [small, large] = [fixture('astronaut.png'), fixture('grace_hopper.jpg')];
    const both: Rgb = { width: 1024, height: 600, data: new Uint8Array(1024 * 600 * 3) };
    for (const [picture, left] of [
      [small, 0],
      [large, 512],
    ] as const) {
      for (let row = 0; row < picture.height; row++) {
        const line = picture.data.subarray(row * picture.width * 3, (row + 1) * picture.width * 3);
        both.data.set(line, (row * 1024 + left) * 3);
      }
    }

    const faces = await findFaces(models, both);

    expect(faces).toHaveLength(2);
    const [first, second] = faces.map(({ landmarks }) => landmarks);
    expect(error(second!, 'astronaut.png')).toBeLessThan(0.6);
    for (let k = 0; k < first!.length; k += 3) first![k]! -= 512;
    expect(error(first!, 'hopper.png')).toBeLessThan(0.9);
  });

  it('finds nobody in noise, in one colour or in a picture of two pixels', async () => {
    const noise: Rgb = { width: 200, height: 150, data: new Uint8Array(200 * 150 * 3) };
    let state = 1;
    for (let k = 0; k < noise.data.length; k++) {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      noise.data[k] = state >> 16;
    }
    const grey: Rgb = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(128) };
    const tiny: Rgb = { width: 2, height: 2, data: new Uint8Array(12) };

    for (const picture of [noise, grey, tiny, rgbToI420(tiny)]) expect(await findFaces(models, picture)).toEqual([]);
  });

  it('tells how a portrait is turned', async () => {
    const [face] = await findFaces(models, fixture('grace_hopper.jpg'));
    const turned = face!.landmarks.slice();
    const [cosine, sine] = [Math.cos(0.3), Math.sin(0.3)];
    for (let k = 0; k < turned.length; k += 3) {
      turned[k] = cosine * face!.landmarks[k]! - sine * face!.landmarks[k + 1]!;
      turned[k + 1] = sine * face!.landmarks[k]! + cosine * face!.landmarks[k + 1]!;
    }

    const upright = headPose(face!.landmarks, models.geometry);
    const tilted = headPose(turned, models.geometry);

    expect(Math.abs(upright.yaw)).toBeLessThan(10);
    expect(tilted.roll - upright.roll).toBeCloseTo((0.3 * 180) / Math.PI, 3);
    expect(tilted.yaw).toBeCloseTo(upright.yaw, 3);
    expect(tilted.pitch).toBeCloseTo(upright.pitch, 3);
  });
});

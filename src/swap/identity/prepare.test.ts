import { afterAll, beforeAll, expect, test } from 'vitest';
import { cutOut, markedPortrait, scaled, TEST_CONSENT } from '../../../test/support/portraits.ts';
import type { Rgb } from '../../media/plane.ts';
import { FaceModels } from '../../face/models.ts';
import type { ErrorCode } from '../../errors.ts';
import { prepareFound, prepareIdentity, type PreparedPhoto } from './prepare.ts';
import { resample } from './resample.ts';

let models: FaceModels;

beforeAll(async () => {
  models = await FaceModels.open();
});

afterAll(async () => {
  await models.close();
});

const prepare = (photo: Rgb): Promise<PreparedPhoto> => prepareIdentity(models, photo, TEST_CONSENT);
const codes = ({ warnings }: PreparedPhoto): ErrorCode[] => warnings.map(({ code }) => code);

/** Every sample through a function. */
function toned({ width, height, data }: Rgb, tone: (value: number) => number): Rgb {
  return { width, height, data: data.map(tone) };
}

/** Out of focus: reduced and enlarged again. */
function blurred(photo: Rgb, factor: number): Rgb {
  const [width, height] = [Math.round(photo.width / factor), Math.round(photo.height / factor)];
  const small = resample(photo, { x: 0, y: 0, width: photo.width, height: photo.height }, width, height);
  return resample(small, { x: 0, y: 0, width, height }, photo.width, photo.height);
}

function besides(left: Rgb, right: Rgb): Rgb {
  const width = left.width + right.width;
  const height = Math.min(left.height, right.height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(left.data.subarray(y * left.width * 3, (y + 1) * left.width * 3), y * width * 3);
    const row = right.data.subarray(y * right.width * 3, (y + 1) * right.width * 3);
    data.set(row, (y * width + left.width) * 3);
  }
  return { width, height, data };
}

test('a good portrait becomes an identity with its consent and a thumbnail, without warnings', async () => {
  const prepared = await prepare(markedPortrait('hopper').picture);
  const { identity, thumbnail } = prepared;
  expect(codes(prepared)).toEqual([]);
  expect(identity).toMatchObject({ kind: 'photo', consent: TEST_CONSENT });
  expect(identity.id).toMatch(/^[0-9a-f]{64}$/);
  expect(identity.y).toHaveLength(identity.width * identity.height);
  expect(identity.points).toHaveLength(468 * 2);
  expect([thumbnail.width, thumbnail.height, thumbnail.data.length]).toEqual([128, 128, 128 * 128 * 3]);
});

test('the same photo gives the same id', async () => {
  const first = await prepare(markedPortrait('hopper').picture);
  const again = await prepare(markedPortrait('hopper').picture);
  expect(again.identity.id).toBe(first.identity.id);
});

test('a smile and a fringe are warned about', async () => {
  const prepared = await prepare(markedPortrait('astronaut').picture);
  expect(codes(prepared)).toEqual(['photo_mouth_open', 'photo_forehead_covered']);
  expect(prepared.warnings[0]!.message).toContain('closed lips');
});

test('without consent no photo is looked at', async () => {
  const refusal = prepareIdentity(models, { width: 2, height: 2, data: new Uint8Array(12) }, undefined);
  await expect(refusal).rejects.toMatchObject({ code: 'consent_missing' });
});

test.each<[string, ErrorCode, () => Rgb]>([
  ['shows no face', 'photo_no_face', () => cutOut(markedPortrait('hopper'), 0, 380, 300, 220).picture],
  [
    'shows two faces',
    'photo_many_faces',
    () => besides(markedPortrait('hopper').picture, markedPortrait('astronaut').picture),
  ],
  ['shows a small face', 'photo_face_small', () => scaled(markedPortrait('hopper'), 0.4).picture],
  ['is far too dark', 'photo_dark', () => toned(markedPortrait('hopper').picture, (value) => value * 0.12)],
  ['is far too blurred', 'photo_blurred', () => blurred(markedPortrait('hopper').picture, 9)],
])('a photo that %s is refused with advice', async (_, code, photo) => {
  await expect(prepare(photo())).rejects.toMatchObject({ code });
});

test('a face turned by 35 degrees is refused, one turned by 15 is not', () => {
  const turnedBy = (degrees: number): (() => PreparedPhoto) => {
    const { picture, landmarks } = markedPortrait('hopper');
    const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
    const turned = landmarks.slice();
    for (let k = 0; k < turned.length; k += 3) {
      turned[k] = 265 + (landmarks[k]! - 265) * cos - landmarks[k + 2]! * sin;
      turned[k + 2] = (landmarks[k]! - 265) * sin + landmarks[k + 2]! * cos;
    }
    return () => prepareFound(picture, [{ landmarks: turned }], TEST_CONSENT, models.geometry);
  };
  expect(turnedBy(35)).toThrow(expect.objectContaining({ code: 'photo_face_turned' }));
  expect(turnedBy(-35)).toThrow(expect.objectContaining({ code: 'photo_face_turned' }));
  expect(turnedBy(15)).not.toThrow();
});

test('a dim and a soft photo are taken with a warning', async () => {
  const dim = await prepare(toned(markedPortrait('hopper').picture, (value) => value * 0.3));
  expect(codes(dim)).toContain('photo_dark');
  const soft = await prepare(blurred(markedPortrait('hopper').picture, 6));
  expect(codes(soft)).toContain('photo_blurred');
});

import { beforeAll, expect, test } from 'vitest';
import { cutOut, markedPortrait, scaled, TEST_CONSENT, type MarkedPortrait } from '../../../test/support/portraits.ts';
import { rgbToI420 } from '../../media/colour.ts';
import { ModelStore } from '../../onnx/model-store.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import type { I420 } from '../../media/plane.ts';
import { blendCrop } from '../composite/blend.ts';
import { createLight, matchOf, measureLight } from '../composite/light.ts';
import { prepareFound } from '../identity/prepare.ts';
import { MaskBox } from '../masks/paint.ts';
import { toPlanes444 } from '../planes.ts';
import { DEFAULT_LOOK, type PreparedIdentity, type SwapLook, type SwappedCrop } from '../swap.ts';
import { EYE_LEFT, EYE_RIGHT, LIPS_INNER } from './geometry.ts';
import { MeshBackend } from './mesh-backend.ts';

let geometry: FaceGeometry;
let backend: MeshBackend;
let caller: MarkedPortrait;
let identity: PreparedIdentity;
let gold: PreparedIdentity;

beforeAll(async () => {
  geometry = await new ModelStore().geometry();
  backend = new MeshBackend(geometry);
  caller = markedPortrait('hopper');
  identity = photoOf(markedPortrait('astronaut'));
  gold = new MaskBox(geometry).mask('gold')!;
});

function photoOf(portrait: MarkedPortrait): PreparedIdentity {
  return prepareFound(portrait.picture, [portrait], TEST_CONSENT, geometry).identity;
}

/** Swaps into a copy and says where the crop was. */
function swapped(
  target: MarkedPortrait,
  worn: PreparedIdentity,
  options: { look?: SwapLook; strength?: number } = {},
): { before: I420; after: I420; crop: SwappedCrop } {
  const before = rgbToI420(target.picture);
  const after = rgbToI420(target.picture);
  const crop = backend.swapNow({
    picture: after,
    landmarks: target.landmarks,
    identity: worn,
    look: options.look ?? DEFAULT_LOOK,
  })!;
  const light = createLight();
  expect(measureLight(after, crop, matchOf(worn.kind, 'spread'), light)).toBe(true);
  blendCrop(after, crop, light, options.strength ?? 1);
  return { before, after, crop };
}

/** Counts changed samples of all planes outside the crop, and luma samples inside it. */
function changes(before: I420, after: I420, crop: SwappedCrop): { outside: number; inside: number } {
  let outside = 0;
  let inside = 0;
  const inCrop = (x: number, y: number, shift: number): boolean =>
    x >= crop.x >> shift &&
    x < (crop.x + crop.width) >> shift &&
    y >= crop.y >> shift &&
    y < (crop.y + crop.height) >> shift;
  before.y.forEach((value, k) => {
    if (value === after.y[k]) return;
    if (inCrop(k % before.strideY, Math.floor(k / before.strideY), 0)) inside++;
    else outside++;
  });
  for (const plane of ['u', 'v'] as const) {
    before[plane].forEach((value, k) => {
      if (value !== after[plane][k] && !inCrop(k % before.strideUv, Math.floor(k / before.strideUv), 1)) outside++;
    });
  }
  return { outside, inside };
}

/** Mean change of luma inside the polygon of some landmarks, shrunk towards its middle. */
function changeInside(before: I420, after: I420, landmarks: Float32Array, contour: readonly number[]): number {
  const points = contour.map((i) => [landmarks[i * 3]!, landmarks[i * 3 + 1]!] as const);
  const cx = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const cy = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const small = points.map(([x, y]) => [cx + (x - cx) * 0.6, cy + (y - cy) * 0.6] as const);
  let sum = 0;
  let n = 0;
  for (let y = Math.floor(cy - 20); y < cy + 20; y++) {
    for (let x = Math.floor(cx - 40); x < cx + 40; x++) {
      let inside = false;
      small.forEach(([ax, ay], i) => {
        const [bx, by] = small[(i + 1) % small.length]!;
        if (ay > y + 0.5 !== by > y + 0.5 && x + 0.5 < ax + ((y + 0.5 - ay) / (by - ay)) * (bx - ax)) inside = !inside;
      });
      if (!inside) continue;
      const k = y * before.strideY + x;
      sum += Math.abs(before.y[k]! - after.y[k]!);
      n++;
    }
  }
  return sum / n;
}

test('every sample outside the crop keeps its bits, and most inside change', () => {
  const { before, after, crop } = swapped(caller, identity);
  const { outside, inside } = changes(before, after, crop);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(crop.width * crop.height * 0.5);
});

test.each([
  [641, 359, 0],
  [417, 301, 230],
])('a frame of odd size %i × %i is swapped, also with a face that leaves it', (width, height, shift) => {
  const target = cutOut(scaled(caller, 1.2), shift, 110, width, height);
  const { before, after, crop } = swapped(target, identity);
  expect(crop.x % 2 || crop.y % 2 || crop.width % 2 || crop.height % 2).toBe(0);
  const { outside, inside } = changes(before, after, crop);
  expect(outside).toBe(0);
  expect(inside).toBeGreaterThan(1000);
});

test('a face outside the frame, or without numbers, gives no crop', () => {
  const picture = rgbToI420(caller.picture);
  const away = caller.landmarks.map((value) => value + 2000);
  const nowhere = new Float32Array(478 * 3).fill(Number.NaN);
  for (const landmarks of [away, nowhere]) {
    expect(backend.swapNow({ picture, landmarks, identity, look: DEFAULT_LOOK })).toBeUndefined();
  }
});

/** dB of luma over the part of a face between brows, cheeks and chin. */
function psnrOfMiddle(before: I420, after: I420, landmarks: Float32Array): number {
  const at = (point: number, axis: 0 | 1): number => Math.round(landmarks[point * 3 + axis]!);
  let squares = 0;
  let n = 0;
  for (let y = at(9, 1); y < at(18, 1); y++) {
    for (let x = at(117, 0); x < at(346, 0); x++, n++) {
      squares += (before.y[y * before.strideY + x]! - after.y[y * before.strideY + x]!) ** 2;
    }
  }
  return 10 * Math.log10(255 ** 2 / (squares / n));
}

test('a texture put where it was taken from gives the picture back', () => {
  const target = scaled(caller, 1.5);
  const { width, height } = target.picture;
  const points = new Float32Array(468 * 2).map((_, k) => target.landmarks[(k >> 1) * 3 + (k & 1)]!);
  const untouched = { id: 'self', kind: 'photo' as const, width, height, ...toPlanes444(target.picture), points };
  const { before, after } = swapped(target, untouched);
  expect(psnrOfMiddle(before, after, target.landmarks)).toBeGreaterThan(40);
});

test('a photo put onto itself looks as before', () => {
  const target = scaled(caller, 1.5);
  const { before, after } = swapped(target, photoOf(target));
  expect(psnrOfMiddle(before, after, target.landmarks)).toBeGreaterThan(29);
});

test('the same frame gives the same bytes, also after another face', () => {
  const first = swapped(caller, identity).after;
  swapped(scaled(markedPortrait('astronaut'), 2), gold);
  const again = swapped(caller, identity).after;
  expect(again.y).toEqual(first.y);
  expect(again.u).toEqual(first.u);
  expect(again.v).toEqual(first.v);
});

test('kept eyes are the caller’s to the bit, others are not', () => {
  const keep = swapped(caller, identity, { look: { opacity: 1, keepEyes: true, keepMouth: true } });
  const give = swapped(caller, identity, { look: { opacity: 1, keepEyes: false, keepMouth: true } });
  for (const eye of [EYE_LEFT, EYE_RIGHT]) {
    expect(changeInside(keep.before, keep.after, caller.landmarks, eye)).toBe(0);
    expect(changeInside(give.before, give.after, caller.landmarks, eye)).toBeGreaterThan(5);
  }
});

test('a kept mouth shows the caller’s teeth, another does not', () => {
  const smiling = scaled(markedPortrait('astronaut'), 2.5);
  const keep = swapped(smiling, gold, { look: { opacity: 1, keepEyes: true, keepMouth: true } });
  const give = swapped(smiling, gold, { look: { opacity: 1, keepEyes: true, keepMouth: false } });
  expect(changeInside(keep.before, keep.after, smiling.landmarks, LIPS_INNER)).toBe(0);
  expect(changeInside(give.before, give.after, smiling.landmarks, LIPS_INNER)).toBeGreaterThan(10);
});

test('strength mixes between what is there and the swap, and 0 writes nothing', () => {
  const none = swapped(caller, identity, { strength: 0 });
  expect(none.after.y).toEqual(none.before.y);
  const half = swapped(caller, identity, { strength: 0.5 }).after;
  const whole = swapped(caller, identity).after;
  let worst = 0;
  none.before.y.forEach((old, k) => (worst = Math.max(worst, Math.abs(half.y[k]! - (old + whole.y[k]!) / 2))));
  expect(worst).toBeLessThanOrEqual(1.5);
});

test('crops of one batch do not overwrite each other', async () => {
  const picture = rgbToI420(caller.picture);
  const crops = await backend.swap(
    [identity, gold].map((worn) => ({ picture, landmarks: caller.landmarks, identity: worn, look: DEFAULT_LOOK })),
  );
  const first = crops[0]!.luma.slice();
  const alone = backend.swapNow({ picture, landmarks: caller.landmarks, identity, look: DEFAULT_LOOK })!;
  expect(crops[1]!.luma).not.toEqual(first);
  expect(alone.luma).toEqual(first);
});

test('a face skin takes the caller’s colour, a painted mask keeps its own', () => {
  const blueLit = (picture: I420): I420 => ({ ...picture, u: picture.u.map((u) => Math.min(240, u + 30)) });
  const meanU = (worn: PreparedIdentity, tinted: boolean): number => {
    const picture = tinted ? blueLit(rgbToI420(caller.picture)) : rgbToI420(caller.picture);
    const crop = backend.swapNow({ picture, landmarks: caller.landmarks, identity: worn, look: DEFAULT_LOOK })!;
    const light = createLight();
    measureLight(picture, crop, matchOf(worn.kind, 'spread'), light);
    blendCrop(picture, crop, light, 1);
    const at = (x: number, y: number): number => picture.u[(y >> 1) * picture.strideUv + (x >> 1)]!;
    return at(caller.landmarks[50 * 3]!, caller.landmarks[50 * 3 + 1]!);
  };
  expect(meanU(identity, true) - meanU(identity, false)).toBeGreaterThan(20);
  expect(meanU(gold, true) - meanU(gold, false)).toBe(0);
});

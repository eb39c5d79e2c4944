import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPicture } from '../../src/codec/picture/read.ts';
import { PROJECT_ROOT } from '../../src/entry.ts';
import { assert } from '../../src/errors.ts';
import { resample } from '../../src/swap/identity/resample.ts';
import type { Rgb } from '../../src/media/plane.ts';
import type { Consent } from '../../src/swap/swap.ts';

/** A statement for the test portraits, whose subjects are shown in works of the US government. */
export const TEST_CONSENT: Consent = {
  subject: 'Public-domain portrait',
  grantedBy: 'Guise test suite',
  grantedAt: '2026-01-01',
};

/** A portrait with the landmarks that the official MediaPipe found in it, 478 × (x, y, z) pixels. */
export interface MarkedPortrait {
  readonly picture: Rgb;
  readonly landmarks: Float32Array;
}

const FILES = {
  astronaut: { file: 'astronaut.png', key: 'astronaut.png' },
  hopper: { file: 'grace_hopper.jpg', key: 'hopper.png' },
} as const;

/** A portrait of test/fixtures. */
export function markedPortrait(name: keyof typeof FILES): MarkedPortrait {
  const fixture = (file: string): Buffer => readFileSync(join(PROJECT_ROOT, 'test/fixtures', file));
  const reference = JSON.parse(fixture('landmarks-reference.json').toString()) as Record<string, number[][]>;
  const marks = reference[FILES[name].key];
  assert(marks, `there are reference landmarks [portrait:${name}]`);
  return { picture: readPicture(fixture(FILES[name].file)), landmarks: Float32Array.from(marks.flat()) };
}

/** The same larger or smaller, landmarks too. */
export function scaled({ picture, landmarks }: MarkedPortrait, factor: number): MarkedPortrait {
  const [width, height] = [Math.round(picture.width * factor), Math.round(picture.height * factor)];
  const whole = { x: 0, y: 0, width: width / factor, height: height / factor };
  return { picture: resample(picture, whole, width, height), landmarks: landmarks.map((value) => value * factor) };
}

/** A part of it. May reach beyond the picture, whose edge is then repeated. */
export function cutOut(portrait: MarkedPortrait, x: number, y: number, width: number, height: number): MarkedPortrait {
  const picture = resample(portrait.picture, { x, y, width, height }, width, height);
  const landmarks = portrait.landmarks.map((value, k) => value - (k % 3 === 0 ? x : k % 3 === 1 ? y : 0));
  return { picture, landmarks };
}

import { existsSync, readFileSync, statSync } from 'node:fs';
import { readPicture } from '../codec/picture/read.ts';
import { GatewayError } from '../errors.ts';
import { LANDMARKS } from '../face/face.ts';
import { findFaces } from '../face/find-faces.ts';
import { FaceModels } from '../face/models.ts';
import type { Terminal } from './terminal.ts';

/**
 * Prints the faces of a picture: with `json` as `{"faces":[{"score","landmarks":[[x,y,z]×478]}]}`, in pixels of the
 * upright picture, the largest face first.
 * @throws GatewayError file_unreadable, photo_…
 */
export async function printLandmarks(path: string, json: boolean, terminal: Terminal): Promise<void> {
  if (!existsSync(path) || statSync(path).isDirectory()) {
    throw new GatewayError('file_unreadable', `the input must be a picture file [file:${path}]`);
  }
  const picture = readPicture(readFileSync(path));
  const models = await FaceModels.open();
  const found = await findFaces(models, picture);
  await models.close();
  const faces = found.map(({ score, landmarks }) => ({ score: rounded(score, 4), landmarks: points(landmarks) }));
  if (json) {
    terminal.out.write(`${JSON.stringify({ faces })}\n`);
    return;
  }
  terminal.out.write(`${path}: ${picture.width} × ${picture.height}, ${faces.length} face(s)\n`);
  for (const [index, { score, landmarks }] of faces.entries()) {
    const [x, y] = landmarks[1]!; // the tip of the nose
    terminal.out.write(`face ${index + 1}: score ${score}, nose at ${x}, ${y}\n`);
  }
}

function points(landmarks: Float32Array): number[][] {
  return Array.from({ length: LANDMARKS }, (_, index) =>
    [...landmarks.subarray(index * 3, index * 3 + 3)].map((value) => rounded(value, 3)),
  );
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

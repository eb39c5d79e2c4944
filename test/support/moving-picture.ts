import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPicture } from '../../src/codec/picture/read.ts';
import { PROJECT_ROOT } from '../../src/entry.ts';
import { rgbToI420 } from '../../src/media/colour.ts';
import { allocI420, type I420 } from '../../src/media/plane.ts';

const SOURCE = rgbToI420(readPicture(readFileSync(join(PROJECT_ROOT, 'test/fixtures/astronaut.png'))));

/**
 * Frame `index` of an endless clip for codecs: a portrait that sways, tiled over the picture, with camera noise.
 * The same arguments give the same pixels.
 */
export function movingPicture(width: number, height: number, index: number, into = allocI420(width, height)): I420 {
  const dx = Math.round(40 + 30 * Math.sin(index / 9));
  const dy = Math.round(40 + 20 * Math.cos(index / 7));
  let seed = (index * 2654435761 + 12345) >>> 0;
  const { y, strideY } = into;
  for (let row = 0; row < height; row++) {
    const from = ((row + dy) % SOURCE.height) * SOURCE.strideY;
    tileRow(SOURCE.y.subarray(from, from + SOURCE.width), dx, y.subarray(row * strideY, row * strideY + width));
    for (let at = row * strideY, end = at + width; at < end; at++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      const luma = y[at]! + ((seed >>> 24) & 7) - 3;
      y[at] = luma < 16 ? 16 : luma > 235 ? 235 : luma;
    }
  }
  for (const plane of ['u', 'v'] as const) {
    for (let row = 0; row < (height + 1) >> 1; row++) {
      const from = ((row + (dy >> 1)) % (SOURCE.height >> 1)) * SOURCE.strideUv;
      const to = row * into.strideUv;
      const source = SOURCE[plane].subarray(from, from + (SOURCE.width >> 1));
      tileRow(source, dx >> 1, into[plane].subarray(to, to + ((width + 1) >> 1)));
    }
  }
  return into;
}

/** Fills a row with another that goes round, from its sample `begin` on. */
function tileRow(source: Uint8Array, begin: number, into: Uint8Array): void {
  for (let at = 0, from = begin; at < into.length; from = 0) {
    const piece = source.subarray(from, from + into.length - at);
    into.set(piece, at);
    at += piece.length;
  }
}

/** Peak signal-to-noise ratio of the luma of two pictures of one size, decibels. */
export function psnr(a: I420, b: I420): number {
  let sum = 0;
  for (let row = 0; row < a.height; row++) {
    for (let column = 0; column < a.width; column++) {
      const difference = a.y[row * a.strideY + column]! - b.y[row * b.strideY + column]!;
      sum += difference * difference;
    }
  }
  return 10 * Math.log10((255 * 255 * a.width * a.height) / Math.max(sum, 1e-9));
}

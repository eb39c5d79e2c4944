import { allocI420, type I420 } from './plane.ts';

/** Clockwise turns of 90°. */
export type QuarterTurns = 0 | 1 | 2 | 3;

/** Turns a picture clockwise into planes of the turned size (`into` must have it). */
export function turnI420(from: I420, turns: QuarterTurns, into: I420 = turnedPlanes(from, turns)): I420 {
  const chromaWidth = (from.width + 1) >> 1;
  const chromaHeight = (from.height + 1) >> 1;
  turnPlane(from.y, from.strideY, from.width, from.height, turns, into.y, into.strideY);
  turnPlane(from.u, from.strideUv, chromaWidth, chromaHeight, turns, into.u, into.strideUv);
  turnPlane(from.v, from.strideUv, chromaWidth, chromaHeight, turns, into.v, into.strideUv);
  return into;
}

function turnedPlanes(from: I420, turns: QuarterTurns): I420 {
  return turns & 1 ? allocI420(from.height, from.width) : allocI420(from.width, from.height);
}

/** Where pixel (x, y) of the source goes is linear in both, so two steps through the target do it. */
function turnPlane(
  from: Uint8Array,
  fromStride: number,
  width: number,
  height: number,
  turns: QuarterTurns,
  to: Uint8Array,
  stride: number,
): void {
  const right = [1, stride, -1, -stride][turns]!;
  const down = [stride, -1, -stride, 1][turns]!;
  const start = [0, height - 1, (height - 1) * stride + width - 1, (width - 1) * stride][turns]!;
  for (let y = 0; y < height; y++) {
    let at = start + y * down;
    const row = y * fromStride;
    for (let x = 0; x < width; x++, at += right) to[at] = from[row + x]!;
  }
}

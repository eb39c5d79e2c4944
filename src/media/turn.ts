import { allocI420, type I420 } from './plane.ts';

/** Clockwise turns of 90°. */
export type QuarterTurns = 0 | 1 | 2 | 3;

/** Samples that are moved at once: four bytes make a word. */
const WORD = 4;

/** One plane: `width × height` samples, `stride` bytes from a row to the next. */
interface Plane {
  readonly data: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

/** Turns a picture clockwise into planes of the turned size (`into` must have it). */
export function turnI420(from: I420, turns: QuarterTurns, into: I420 = turnedPlanes(from, turns)): I420 {
  const luma = { data: from.y, stride: from.strideY, width: from.width, height: from.height };
  const chroma = { stride: from.strideUv, width: (from.width + 1) >> 1, height: (from.height + 1) >> 1 };
  turnPlane(luma, turns, into.y, into.strideY);
  turnPlane({ ...chroma, data: from.u }, turns, into.u, into.strideUv);
  turnPlane({ ...chroma, data: from.v }, turns, into.v, into.strideUv);
  return into;
}

function turnedPlanes(from: I420, turns: QuarterTurns): I420 {
  return turns & 1 ? allocI420(from.height, from.width) : allocI420(from.width, from.height);
}

/** Four by four samples at a time where rows lie on words, which takes a quarter of the time; the rest one by one. */
function turnPlane(plane: Plane, turns: QuarterTurns, to: Uint8Array, stride: number): void {
  const { width, height } = plane;
  const from = wordsOf(plane.data, plane.stride);
  const into = wordsOf(to, stride);
  const rest = (x0: number, y0: number, x1: number, y1: number) =>
    turnSamples(plane, turns, to, stride, { x0, y0, x1, y1 });
  if (!from || !into || turns === 0) return rest(0, 0, width, height);
  if (turns === 2) {
    if (width % WORD !== 0) return rest(0, 0, width, height);
    return turnOver(from, plane, into, stride / WORD);
  }
  // A row becomes a column, counted from the far side in a turn to the right: there the odd rows are the first ones.
  const odd = height % WORD;
  const [first, last] = turns === 1 ? [odd, height] : [0, height - odd];
  const whole = width - (width % WORD);
  turnBlocks({ from, plane, first, last, whole }, turns, into, stride / WORD);
  rest(whole, first, width, last);
  rest(0, 0, width, first);
  rest(0, last, width, height);
}

/** The plane as words; `undefined` if its rows do not begin on words. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array, stride: number): Uint32Array | undefined {
  if (byteOffset % WORD !== 0 || stride % WORD !== 0) return undefined;
  return new Uint32Array(buffer, byteOffset, Math.floor(byteLength / WORD));
}

/** Where sample (x, y) of the source goes is linear in both, so two steps through the target do it. */
function turnSamples(
  { data, stride: fromStride, width, height }: Plane,
  turns: QuarterTurns,
  to: Uint8Array,
  stride: number,
  { x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number },
): void {
  const right = [1, stride, -1, -stride][turns]!;
  const down = [stride, -1, -stride, 1][turns]!;
  const start = [0, height - 1, (height - 1) * stride + width - 1, (width - 1) * stride][turns]!;
  for (let y = y0; y < y1; y++) {
    let at = start + y * down + x0 * right;
    const row = y * fromStride;
    for (let x = x0; x < x1; x++, at += right) to[at] = data[row + x]!;
  }
}

/** By 90° or 270°: the four words of a block become four words of the target. `stride` is in words. Little endian. */
function turnBlocks(
  block: { from: Uint32Array; plane: Plane; first: number; last: number; whole: number },
  turns: 1 | 3,
  to: Uint32Array,
  stride: number,
): void {
  const { from, plane, first, last, whole } = block;
  const words = plane.stride / WORD;
  const step = turns === 1 ? stride : -stride;
  for (let y = first; y < last; y += WORD) {
    const column = (turns === 1 ? plane.height - WORD - y : y) / WORD;
    // The row that comes to lie leftmost, and the way to the next.
    const row = (turns === 1 ? y + 3 : y) * words;
    const next = turns === 1 ? -words : words;
    let at = column + (turns === 1 ? 0 : (plane.width - 1) * stride);
    for (let word = 0; word < whole / WORD; word++, at += WORD * step) {
      const a = from[row + word]!;
      const b = from[row + next + word]!;
      const c = from[row + 2 * next + word]!;
      const d = from[row + 3 * next + word]!;
      to[at] = (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24);
      to[at + step] = ((a >>> 8) & 0xff) | (b & 0xff00) | ((c & 0xff00) << 8) | ((d & 0xff00) << 16);
      to[at + 2 * step] = ((a >>> 16) & 0xff) | ((b >>> 8) & 0xff00) | (c & 0xff0000) | ((d & 0xff0000) << 8);
      to[at + 3 * step] = (a >>> 24) | ((b >>> 16) & 0xff00) | ((c >>> 8) & 0xff0000) | (d & 0xff000000);
    }
  }
}

/** By 180°: rows from the last, their words from the last, the bytes of each the other way round. */
function turnOver(from: Uint32Array, plane: Plane, to: Uint32Array, stride: number): void {
  const words = plane.width / WORD;
  for (let y = 0; y < plane.height; y++) {
    let at = (plane.height - 1 - y) * stride + words - 1;
    const row = (y * plane.stride) / WORD;
    for (let word = row; word < row + words; word++, at--) {
      const a = from[word]!;
      to[at] = (a >>> 24) | ((a >>> 8) & 0xff00) | ((a << 8) & 0xff0000) | (a << 24);
    }
  }
}

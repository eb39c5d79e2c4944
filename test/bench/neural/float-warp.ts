/**
 * What cutting a face out, leaving it as it is and laying it back must give, worked out from docs/neural.md in float64 and
 * pixel by pixel: nothing is rounded but the crop's RGB, which is 8 bits on its way to a network, and the picture at last.
 */
import { allocI420, type I420 } from '../../../src/media/plane.ts';

/** A turn and a scale as one complex number, then a move: z to (re + i·im)·z + (x + i·y). */
export interface Warp {
  readonly re: number;
  readonly im: number;
  readonly x: number;
  readonly y: number;
}

/** The least-squares similarity from points to goals, 2 numbers each: the slope of a complex regression. */
export function fitWarp(points: ArrayLike<number>, goals: ArrayLike<number>): Warp {
  const count = points.length / 2;
  const mean = (of: ArrayLike<number>, part: 0 | 1): number => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += of[2 * k + part]!;
    return sum / count;
  };
  const [px, py, gx, gy] = [mean(points, 0), mean(points, 1), mean(goals, 0), mean(goals, 1)];
  let [re, im, square] = [0, 0, 0];
  for (let k = 0; k < count; k++) {
    const [x, y] = [points[2 * k]! - px, points[2 * k + 1]! - py];
    const [u, v] = [goals[2 * k]! - gx, goals[2 * k + 1]! - gy];
    re += x * u + y * v;
    im += x * v - y * u;
    square += x * x + y * y;
  }
  [re, im] = [re / square, im / square];
  return { re, im, x: gx - (re * px - im * py), y: gy - (im * px + re * py) };
}

/** The way back: z to (z − t) / m. */
export function inverse({ re, im, x, y }: Warp): Warp {
  const square = re * re + im * im;
  const [a, b] = [re / square, -im / square];
  return { re: a, im: b, x: -(a * x - b * y), y: -(b * x + a * y) };
}

interface FloatPlane {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
}

/** What the picture looks like with its own face laid back, and how much of each sample is the laid face's, 0 to 1. */
export interface Pasted {
  readonly picture: I420;
  readonly lumaShare: Float64Array;
  readonly chromaShare: Float64Array;
}

/**
 * @param toCrop takes points of the picture to points of the crop
 * @param mask [size, size], 0 to 255
 */
export function pasteByFloats(picture: I420, toCrop: Warp, size: number, mask: Uint8Array): Pasted {
  const crop = colours(cropOf(picture, inverse(toCrop), size));
  const square = (values: ArrayLike<number>): FloatPlane => ({ values, width: size, height: size, stride: size });
  const after = allocI420(picture.width, picture.height);
  const [lumaBefore, uBefore, vBefore] = planesOf(picture);
  const lay = (before: FloatPlane, face: Float64Array, unit: 1 | 2, into: Uint8Array): Float64Array => {
    const share = new Float64Array(into.length);
    const warp = { ...toCrop, re: toCrop.re * unit, im: toCrop.im * unit };
    for (let row = 0, to = 0; row < before.height; row++) {
      for (let column = 0; column < before.width; column++, to++) {
        const old = before.values[row * before.stride + column]!;
        share[to] = areaMean(square(mask), warp, column, row, 'zero') / 255;
        const own = share[to]! > 0 ? areaMean(square(face), warp, column, row, 'edge') : 0;
        into[to] = Math.round(old + (own - old) * share[to]!);
      }
    }
    return share;
  };
  const lumaShare = lay(lumaBefore, crop.y, 1, after.y);
  const chromaShare = lay(uBefore, crop.u, 2, after.u);
  lay(vBefore, crop.v, 2, after.v);
  return { picture: after, lumaShare, chromaShare };
}

function planesOf({ y, u, v, width, height, strideY, strideUv }: I420): [FloatPlane, FloatPlane, FloatPlane] {
  const chroma = { width: Math.ceil(width / 2), height: Math.ceil(height / 2), stride: strideUv };
  return [
    { values: y, width, height, stride: strideY },
    { values: u, ...chroma },
    { values: v, ...chroma },
  ];
}

/** [size, size, 3], RGB, rounded to 8 bits. */
function cropOf(picture: I420, toPicture: Warp, size: number): Uint8ClampedArray {
  const [luma, u, v] = planesOf(picture);
  const halved = { re: toPicture.re / 2, im: toPicture.im / 2, x: toPicture.x / 2, y: toPicture.y / 2 };
  const rgb = new Uint8ClampedArray(3 * size * size);
  for (let row = 0, to = 0; row < size; row++) {
    for (let column = 0; column < size; column++, to += 3) {
      const light = (255 / 219) * (areaMean(luma, toPicture, column, row, 'edge') - 16);
      const blue = (255 / 112) * (areaMean(u, halved, column, row, 'edge') - 128);
      const red = (255 / 112) * (areaMean(v, halved, column, row, 'edge') - 128);
      // BT.601: luma is 0.299 R + 0.587 G + 0.114 B, chroma what is left of blue and red.
      rgb[to] = light + 0.701 * red;
      rgb[to + 1] = light - (0.114 * 0.886 * blue + 0.299 * 0.701 * red) / 0.587;
      rgb[to + 2] = light + 0.886 * blue;
    }
  }
  return rgb;
}

/** RGB of 8 bits as BT.601 of limited range, not rounded. */
function colours(rgb: Uint8ClampedArray): { readonly [plane in 'y' | 'u' | 'v']: Float64Array } {
  const pixels = rgb.length / 3;
  const [y, u, v] = [new Float64Array(pixels), new Float64Array(pixels), new Float64Array(pixels)];
  for (let k = 0; k < pixels; k++) {
    const [red, green, blue] = [rgb[3 * k]!, rgb[3 * k + 1]!, rgb[3 * k + 2]!];
    const light = 0.299 * red + 0.587 * green + 0.114 * blue;
    y[k] = 16 + (219 / 255) * light;
    u[k] = 128 + (112 / 255) * ((blue - light) / 0.886);
    v[k] = 128 + (112 / 255) * ((red - light) / 0.701);
  }
  return { y, u, v };
}

/** The plane's mean under one pixel of what is filled: bilinear samples of a grid whose points lie at most 1.5 apart. */
function areaMean(plane: FloatPlane, warp: Warp, column: number, row: number, beyond: 'edge' | 'zero'): number {
  const grid = Math.max(1, Math.ceil(Math.hypot(warp.re, warp.im) / 1.5));
  let sum = 0;
  for (let k = 0; k < grid * grid; k++) {
    const x = column + ((k % grid) + 0.5) / grid;
    const y = row + (Math.floor(k / grid) + 0.5) / grid;
    sum += bilinear(plane, warp.re * x - warp.im * y + warp.x, warp.im * x + warp.re * y + warp.y, beyond);
  }
  return sum / (grid * grid);
}

function bilinear(
  { values, width, height, stride }: FloatPlane,
  x: number,
  y: number,
  beyond: 'edge' | 'zero',
): number {
  const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [right, down] = [x - 0.5 - left, y - 0.5 - top];
  let sum = 0;
  for (const [i, j, weight] of [
    [0, 0, (1 - right) * (1 - down)],
    [1, 0, right * (1 - down)],
    [0, 1, (1 - right) * down],
    [1, 1, right * down],
  ] as const) {
    const [column, line] = [left + i, top + j];
    if (beyond === 'zero' && (column < 0 || line < 0 || column >= width || line >= height)) continue;
    const at = Math.min(height - 1, Math.max(0, line)) * stride + Math.min(width - 1, Math.max(0, column));
    sum += weight * values[at]!;
  }
  return sum;
}

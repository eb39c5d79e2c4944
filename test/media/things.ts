import type { Canvas } from './raster.ts';

/** Where something lies: its middle in frame heights from the middle of the picture, its size in frame heights, turned clockwise in degrees. */
export interface ThingState {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly roll: number;
}

/** A rounded stroke from one point to another, in sizes of the thing. */
type Stroke = readonly [x0: number, y0: number, x1: number, y1: number, radius: number];

interface Shape {
  readonly strokes: readonly Stroke[];
  /** Its colour, BT.601 limited range, and by how much its edges are darker. */
  readonly colour: readonly [y: number, u: number, v: number];
  readonly shade: number;
}

const HAND: readonly Stroke[] = [
  [-0.1, 0.1, 0.1, 0.3, 0.3],
  [-0.28, 0, -0.38, -0.55, 0.1],
  [-0.1, -0.1, -0.13, -0.72, 0.1],
  [0.1, -0.1, 0.12, -0.68, 0.1],
  [0.28, 0, 0.35, -0.5, 0.09],
  [-0.3, 0.25, -0.62, 0, 0.11],
  [0, 0.4, 0.15, 1.6, 0.22],
];

/** What can come before a face. */
export const THINGS = {
  /** Paler than the talker's face, as hands often are. */
  hand: { strokes: HAND, colour: [140, 112, 147], shade: 40 },
  /** Of the same colour as the talker's face. */
  'own-hand': { strokes: HAND, colour: [140, 105, 159], shade: 40 },
  glove: { strokes: HAND, colour: [60, 140, 120], shade: 25 },
  hair: {
    strokes: [
      [-0.3, -1.2, -0.1, 0.55, 0.09],
      [-0.18, -1.2, 0, 0.7, 0.1],
      [-0.02, -1.2, 0.1, 0.6, 0.09],
      [0.12, -1.2, 0.16, 0.45, 0.08],
    ],
    colour: [46, 122, 134],
    shade: 18,
  },
  microphone: {
    strokes: [
      [0, 0, 0, 0.12, 0.3],
      [0, 0.4, 0.05, 1.8, 0.12],
    ],
    colour: [38, 128, 128],
    shade: 12,
  },
  cup: { strokes: [[0, -0.2, 0, 0.35, 0.45]], colour: [190, 140, 116], shade: 70 },
} satisfies Record<string, Shape>;
export type ThingName = keyof typeof THINGS;

/**
 * Draws a thing over what is there.
 * @param mask [height, width], raised to how much of each pixel it covers, 0–255
 */
export function drawThing(canvas: Canvas, name: ThingName, state: ThingState, mask?: Uint8Array): void {
  const { strokes, colour, shade }: Shape = THINGS[name];
  const { width, height } = canvas;
  const scale = state.size * height;
  const [left, top] = [width / 2 + state.x * height, height / 2 + state.y * height];
  const turn = (state.roll * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn) / scale, Math.sin(turn) / scale];
  const reach = 2.2 * scale;
  for (let row = Math.max(0, Math.floor(top - reach)); row < Math.min(height, top + reach); row++) {
    for (let column = Math.max(0, Math.floor(left - reach)); column < Math.min(width, left + reach); column++) {
      const [dx, dy] = [column + 0.5 - left, row + 0.5 - top];
      const { edge, depth } = nearest(strokes, cos * dx + sin * dy, cos * dy - sin * dx);
      const share = Math.min(1, Math.max(0, edge * scale + 0.5));
      if (share === 0) continue;
      const at = row * width + column;
      canvas.y[at]! += share * (colour[0] - shade * (1 - depth) ** 2 - canvas.y[at]!);
      canvas.u[at]! += share * (colour[1] - canvas.u[at]!);
      canvas.v[at]! += share * (colour[2] - canvas.v[at]!);
      if (mask) mask[at] = Math.max(mask[at]!, Math.round(255 * share));
    }
  }
}

/** How far inside the thing a point lies, and that as a share of the stroke it lies in. */
function nearest(strokes: readonly Stroke[], x: number, y: number): { readonly edge: number; readonly depth: number } {
  let [edge, depth] = [-Infinity, 0];
  for (const [x0, y0, x1, y1, radius] of strokes) {
    const [ax, ay] = [x1 - x0, y1 - y0];
    const along = Math.min(1, Math.max(0, ((x - x0) * ax + (y - y0) * ay) / (ax * ax + ay * ay)));
    const inside = radius - Math.hypot(x - x0 - along * ax, y - y0 - along * ay);
    edge = Math.max(edge, inside);
    depth = Math.max(depth, inside / radius);
  }
  return { edge, depth };
}

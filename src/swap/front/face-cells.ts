import type { FaceGeometry } from '../../onnx/geometry.ts';

/** Cells along a side of the canonical unwrapping: on a face of 300 pixels some five pixels each. */
export const SIDE = 64;
/** How far into the face cells are told apart by their distance from its outline, cells. */
const DEEP = 255;

/**
 * A face cut into the cells of its canonical unwrapping: each lies in a triangle of the mesh and goes with it, whatever head and
 * features do. Worked out once; the same for all faces.
 */
export interface FaceCells {
  readonly triangles: Uint16Array;
  /** Twice the area of each of them, cells. */
  readonly areas: Float64Array;
  /** Where each of the 468 points lies, in cells; as `RasterTarget` wants it. */
  readonly u: Float32Array;
  readonly v: Float32Array;
  /** Those that lie in the face: their places in the square, row by row. */
  readonly places: Uint16Array;
  /** For each of these its triangle, and how much of its three corners it is. */
  readonly triangle: Uint16Array;
  readonly weights: Float32Array;
  /** For each of these which is its mirror image. */
  readonly mirror: Uint16Array;
  /** For each place of the square how many cells it lies within the outline; 0 outside. */
  readonly depth: Uint8Array;
}

/** Cuts the canonical face up. */
export function createFaceCells({ texture, triangles }: FaceGeometry): FaceCells {
  const u = Float32Array.from({ length: texture.length / 2 }, (_, i) => texture[2 * i]! * SIDE);
  const v = Float32Array.from({ length: texture.length / 2 }, (_, i) => texture[2 * i + 1]! * SIDE);
  const areas = new Float64Array(triangles.length / 3);
  const inside = new Map<number, { readonly triangle: number; readonly weights: readonly number[] }>();
  for (let triangle = 0; triangle < triangles.length / 3; triangle++) {
    const [a, b, c] = triangles.subarray(3 * triangle, 3 * triangle + 3) as unknown as [number, number, number];
    const area = cross(u[b]! - u[a]!, v[b]! - v[a]!, u[c]! - u[a]!, v[c]! - v[a]!);
    areas[triangle] = area;
    const corners = { x: [u[a]!, u[b]!, u[c]!], y: [v[a]!, v[b]!, v[c]!] } as const;
    for (const { place, weights } of cellsOf(corners, area)) inside.set(place, { triangle, weights });
  }
  const places = [...inside.keys()].sort((p, q) => p - q);
  const number = new Map(places.map((place, cell) => [place, cell]));
  const mirrorOf = (place: number): number => place - (place % SIDE) + SIDE - 1 - (place % SIDE);
  return {
    ...{ triangles, areas, u, v },
    places: Uint16Array.from(places),
    triangle: Uint16Array.from(places, (place) => inside.get(place)!.triangle),
    weights: Float32Array.from(places.flatMap((place) => inside.get(place)!.weights)),
    mirror: Uint16Array.from(places, (place, cell) => number.get(mirrorOf(place)) ?? cell),
    depth: depthOf(places),
  };
}

/** Twice the area between two sides of a triangle. */
export function cross(ax: number, ay: number, bx: number, by: number): number {
  return ax * by - ay * bx;
}

type Three = readonly [number, number, number];

/** The cells whose middle lies in a triangle. */
function* cellsOf({ x, y }: { readonly x: Three; readonly y: Three }, area: number) {
  for (let row = Math.max(0, Math.floor(Math.min(...y))); row < Math.min(SIDE, Math.ceil(Math.max(...y))); row++) {
    for (let column = Math.max(0, Math.floor(Math.min(...x))); column < Math.min(SIDE, Math.max(...x)); column++) {
      const [px, py] = [column + 0.5 - x[0], row + 0.5 - y[0]];
      const second = (px * (y[2] - y[0]) - py * (x[2] - x[0])) / area;
      const third = (py * (x[1] - x[0]) - px * (y[1] - y[0])) / area;
      const weights = [1 - second - third, second, third];
      if (weights.every((weight) => weight >= 0)) yield { place: row * SIDE + column, weights };
    }
  }
}

/** How many rings of cells lie between each and the outside. */
function depthOf(places: readonly number[]): Uint8Array {
  const depth = new Uint8Array(SIDE * SIDE);
  for (const place of places) depth[place] = DEEP;
  for (let ring = 1; ring < SIDE / 2; ring++) {
    for (const place of places) {
      if (depth[place] !== DEEP) continue;
      const beside = [place - SIDE, place + SIDE, place - 1, place + 1];
      if (beside.some((other) => depth[other] === undefined || depth[other] === ring - 1)) depth[place] = ring;
    }
  }
  return depth;
}

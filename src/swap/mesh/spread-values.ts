/** Several values a pixel: `width * height * n`. */
export interface ValueMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** A little beyond the edges of a triangle, so that neighbours leave no gap, as a share of its height. */
const OVERLAP = 0.02;

/**
 * Interpolates values at points over the triangles between them. Not for the hot path: identities are made with it.
 * @param points n × (x, y) in pixels of the map
 * @param vertices as many values a point as the map has a pixel
 * @param skip triangles that are left out
 */
export function spreadValues(
  map: ValueMap,
  points: Float32Array,
  triangles: Uint16Array,
  vertices: Float32Array,
  skip?: (triangle: number) => boolean,
): void {
  const channels = map.values.length / (map.width * map.height);
  for (let t = 0; t < triangles.length / 3; t++) {
    if (skip?.(t)) continue;
    fillTriangle(map, points, vertices, channels, triangles[t * 3]!, triangles[t * 3 + 1]!, triangles[t * 3 + 2]!);
  }
}

function fillTriangle(
  { width, height, values }: ValueMap,
  points: Float32Array,
  vertices: Float32Array,
  channels: number,
  a: number,
  b: number,
  c: number,
): void {
  const ax = points[a * 2]!;
  const ay = points[a * 2 + 1]!;
  const bx = points[b * 2]!;
  const by = points[b * 2 + 1]!;
  const cx = points[c * 2]!;
  const cy = points[c * 2 + 1]!;
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  if (Math.abs(area) < 1e-6) return;
  const top = Math.max(0, Math.floor(Math.min(ay, by, cy)));
  const bottom = Math.min(height, Math.ceil(Math.max(ay, by, cy)));
  const left = Math.max(0, Math.floor(Math.min(ax, bx, cx)));
  const right = Math.min(width, Math.ceil(Math.max(ax, bx, cx)));
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const wb = ((x + 0.5 - ax) * (cy - ay) - (cx - ax) * (y + 0.5 - ay)) / area;
      const wc = ((bx - ax) * (y + 0.5 - ay) - (x + 0.5 - ax) * (by - ay)) / area;
      const wa = 1 - wb - wc;
      if (wa < -OVERLAP || wb < -OVERLAP || wc < -OVERLAP) continue;
      const k = (y * width + x) * channels;
      for (let d = 0; d < channels; d++) {
        values[k + d] =
          vertices[a * channels + d]! * wa + vertices[b * channels + d]! * wb + vertices[c * channels + d]! * wc;
      }
    }
  }
}

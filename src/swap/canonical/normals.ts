import type { FaceGeometry } from '../../onnx/geometry.ts';
import { spreadValues } from '../mesh/spread-values.ts';

/** Passes of a 1-2-1 filter over the normals: the facets of the mesh must not show on polished gold. */
const SMOOTHING = 8;

/** Unit normals of the canonical face for every texel, (x, y, z); beyond the outline they look at the camera. */
export function rasteriseNormals(geometry: FaceGeometry, size: number): Float32Array {
  const points = geometry.texture.map((t) => t * size);
  const out = new Float32Array(size * size * 3);
  for (let k = 2; k < out.length; k += 3) out[k] = 1;
  spreadValues({ width: size, height: size, values: out }, points, geometry.triangles, vertexNormals(geometry));
  for (let pass = 0; pass < SMOOTHING; pass++) {
    smooth(out, size, 3, size * 3);
    smooth(out, size, size * 3, 3);
  }
  for (let k = 0; k < out.length; k += 3) {
    const length = Math.hypot(out[k]!, out[k + 1]!, out[k + 2]!) || 1;
    for (let c = 0; c < 3; c++) out[k + c]! /= length;
  }
  return out;
}

function vertexNormals({ positions: p, triangles }: FaceGeometry): Float32Array {
  const normals = new Float32Array(p.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [triangles[t]! * 3, triangles[t + 1]! * 3, triangles[t + 2]! * 3];
    const [ux, uy, uz] = [p[b]! - p[a]!, p[b + 1]! - p[a + 1]!, p[b + 2]! - p[a + 2]!];
    const [vx, vy, vz] = [p[c]! - p[a]!, p[c + 1]! - p[a + 1]!, p[c + 2]! - p[a + 2]!];
    for (const k of [a, b, c]) {
      normals[k]! += uy * vz - uz * vy;
      normals[k + 1]! += uz * vx - ux * vz;
      normals[k + 2]! += ux * vy - uy * vx;
    }
  }
  for (let k = 0; k < normals.length; k += 3) {
    const length = Math.hypot(normals[k]!, normals[k + 1]!, normals[k + 2]!) || 1;
    for (let c = 0; c < 3; c++) normals[k + c]! /= length;
  }
  return normals;
}

/** A 1-2-1 filter in place along one direction; `along` and `across` are steps in the array. */
function smooth(values: Float32Array, size: number, along: number, across: number): void {
  for (let line = 0; line < size; line++) {
    for (let channel = 0; channel < 3; channel++) {
      let k = line * across + channel;
      let before = values[k]!;
      for (let i = 0; i < size - 1; i++, k += along) {
        const here = values[k]!;
        values[k] = (before + 2 * here + values[k + along]!) / 4;
        before = here;
      }
    }
  }
}

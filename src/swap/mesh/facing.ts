import { MESH_POINTS } from './geometry.ts';

/** Cosine between a point's normal and the view below which it begins to fade, so that the silhouette does not shimmer. */
const GRAZING = 0.3;
/** Steps of depth in which triangles are told apart. */
const DEPTHS = 512;

/** What of the mesh faces the camera in one frame, and in which order it is drawn. Reused from frame to frame. */
export class Facing {
  /** Triangles that face the camera, the farthest first; the first `count` are valid. */
  readonly order: Uint16Array;
  count = 0;
  /** 468 values 0–1: 1 where the surface looks at the camera, 0 where it is seen edge-on. */
  readonly visibility = new Float32Array(MESH_POINTS);
  readonly #triangles: Uint16Array;
  readonly #normals = new Float32Array(MESH_POINTS * 3);
  readonly #depth: Float32Array;
  readonly #front: Uint16Array;
  readonly #starts = new Uint16Array(DEPTHS + 1);

  constructor(triangles: Uint16Array) {
    this.#triangles = triangles;
    this.order = new Uint16Array(triangles.length / 3);
    this.#front = new Uint16Array(triangles.length / 3);
    this.#depth = new Float32Array(triangles.length / 3);
  }

  /** @param points (x, y, z) of at least 468 landmarks, pixels, z smaller towards the camera */
  update(points: Float32Array): void {
    this.#cull(points);
    this.#sort();
    this.#fade();
  }

  #cull(points: Float32Array): void {
    const triangles = this.#triangles;
    const normals = this.#normals.fill(0);
    let count = 0;
    for (let t = 0, k = 0; t < this.order.length; t++, k += 3) {
      const a = triangles[k]! * 3;
      const b = triangles[k + 1]! * 3;
      const c = triangles[k + 2]! * 3;
      const abx = points[b]! - points[a]!;
      const aby = points[b + 1]! - points[a + 1]!;
      const abz = points[b + 2]! - points[a + 2]!;
      const acx = points[c]! - points[a]!;
      const acy = points[c + 1]! - points[a + 1]!;
      const acz = points[c + 2]! - points[a + 2]!;
      const nx = aby * acz - abz * acy;
      const ny = abz * acx - abx * acz;
      const nz = abx * acy - aby * acx;
      for (let q = 0, p = a; q < 3; q++, p = q === 1 ? b : c) {
        normals[p] = normals[p]! + nx;
        normals[p + 1] = normals[p + 1]! + ny;
        normals[p + 2] = normals[p + 2]! + nz;
      }
      if (nz >= 0) continue;
      this.#depth[t] = points[a + 2]! + points[b + 2]! + points[c + 2]!;
      this.#front[count++] = t;
    }
    this.count = count;
  }

  /** A counting sort: there is no comparison function to call, and equal depths keep their order. */
  #sort(): void {
    const { order, count } = this;
    const depth = this.#depth;
    const front = this.#front;
    const starts = this.#starts.fill(0);
    let near = Infinity;
    let far = -Infinity;
    for (let i = 0; i < count; i++) {
      const z = depth[front[i]!]!;
      if (z < near) near = z;
      if (z > far) far = z;
    }
    const scale = far > near ? (DEPTHS - 1) / (far - near) : 0;
    for (let i = 0; i < count; i++) starts[(((far - depth[front[i]!]!) * scale) | 0) + 1]!++;
    for (let i = 1; i <= DEPTHS; i++) starts[i]! += starts[i - 1]!;
    for (let i = 0; i < count; i++) order[starts[((far - depth[front[i]!]!) * scale) | 0]!++] = front[i]!;
  }

  #fade(): void {
    const normals = this.#normals;
    const visibility = this.visibility;
    for (let i = 0, k = 0; i < MESH_POINTS; i++, k += 3) {
      const nx = normals[k]!;
      const ny = normals[k + 1]!;
      const nz = normals[k + 2]!;
      const cosine = -nz / Math.sqrt(nx * nx + ny * ny + nz * nz + 1e-9);
      visibility[i] = cosine <= 0 ? 0 : cosine >= GRAZING ? 1 : cosine / GRAZING;
    }
  }
}

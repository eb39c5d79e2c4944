import type { SpanWriter } from './spans.ts';

/** Where one mesh is drawn: pixels, and where each point lies in them and in the texture. */
export interface RasterTarget {
  width: number;
  height: number;
  /** 468 positions in pixels of the target; the centre of the first pixel is at (0.5, 0.5). */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** 468 values 0–1. */
  readonly coverage: Float32Array;
  /** Positions in the texture, in the same convention, and the texture's size. */
  u: Float32Array;
  v: Float32Array;
  textureWidth: number;
  textureHeight: number;
}

/** One in the fixed point of SpanWriter. */
const ONE = 65536;

/**
 * Draws triangles row by row. A pixel belongs to the triangle that holds its centre; edges run from the upper to the
 * lower point in every triangle, so that neighbours agree to the last bit and no pixel is drawn twice or left out.
 */
export function drawTriangle(target: RasterTarget, p: number, q: number, r: number, writer: SpanWriter): void {
  const { x, y, u, v, coverage } = target;
  // Sorted by height: a above b above c.
  let a = p;
  let b = q;
  let c = r;
  if (y[b]! < y[a]!) {
    a = q;
    b = p;
  }
  if (y[c]! < y[b]!) {
    c = b;
    b = r;
    if (y[b]! < y[a]!) {
      b = a;
      a = r;
    }
  }
  const ax = x[a]!;
  const ay = y[a]!;
  const bx = x[b]!;
  const by = y[b]!;
  const cx = x[c]!;
  const cy = y[c]!;
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  if (area === 0) return;
  const first = Math.max(0, Math.ceil(ay - 0.5));
  const last = Math.min(target.height, Math.ceil(cy - 0.5));
  if (first >= last) return;
  // Change of each value for one pixel to the right (…x) and down (…y).
  const m11 = (cy - ay) / area;
  const m12 = (ax - cx) / area;
  const m21 = (ay - by) / area;
  const m22 = (bx - ax) / area;
  const ua = u[a]!;
  const va = v[a]!;
  const ga = coverage[a]!;
  const ux = m11 * (u[b]! - ua) + m21 * (u[c]! - ua);
  const uy = m12 * (u[b]! - ua) + m22 * (u[c]! - ua);
  const vx = m11 * (v[b]! - va) + m21 * (v[c]! - va);
  const vy = m12 * (v[b]! - va) + m22 * (v[c]! - va);
  const gx = m11 * (coverage[b]! - ga) + m21 * (coverage[c]! - ga);
  const gy = m12 * (coverage[b]! - ga) + m22 * (coverage[c]! - ga);
  const du = (ux * ONE) | 0;
  const dv = (vx * ONE) | 0;
  const dg = (gx * 255 * ONE) | 0;
  const maximumU = (target.textureWidth - 1) * ONE - 1;
  const maximumV = (target.textureHeight - 1) * ONE - 1;
  const long = (cx - ax) / (cy - ay);
  const upper = by > ay ? (bx - ax) / (by - ay) : 0;
  const lower = cy > by ? (cx - bx) / (cy - by) : 0;
  const bendsRight = area > 0;
  for (let row = first; row < last; row++) {
    const centre = row + 0.5;
    const onLong = ax + (centre - ay) * long;
    const onShort = centre < by ? ax + (centre - ay) * upper : bx + (centre - by) * lower;
    let from = Math.ceil((bendsRight ? onLong : onShort) - 0.5);
    let to = Math.ceil((bendsRight ? onShort : onLong) - 0.5);
    if (from < 0) from = 0;
    if (to > target.width) to = target.width;
    const count = to - from;
    if (count <= 0) continue;
    const dx = from + 0.5 - ax;
    const dy = centre - ay;
    let u0 = ((ua + ux * dx + uy * dy - 0.5) * ONE) | 0;
    let v0 = ((va + vx * dx + vy * dy - 0.5) * ONE) | 0;
    const g0 = ((ga + gx * dx + gy * dy) * 255 * ONE) | 0;
    const u1 = u0 + du * (count - 1);
    const v1 = v0 + dv * (count - 1);
    if (u0 < 0 || v0 < 0 || u1 < 0 || v1 < 0 || u0 > maximumU || v0 > maximumV || u1 > maximumU || v1 > maximumV) {
      // Only where the texture ends at the face: pixel by pixel, each held inside.
      for (let i = 0, g = g0; i < count; i++, u0 += du, v0 += dv, g += dg) {
        const uu = u0 < 0 ? 0 : u0 > maximumU ? maximumU : u0;
        const vv = v0 < 0 ? 0 : v0 > maximumV ? maximumV : v0;
        writer.write(row * target.width + from + i, 1, uu, vv, g, 0, 0, 0);
      }
      continue;
    }
    writer.write(row * target.width + from, count, u0, v0, g0, du, dv, dg);
  }
}

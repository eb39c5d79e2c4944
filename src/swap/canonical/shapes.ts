/** Small functions that the painted masks are made of. Lengths are centimetres of the canonical texture. */

export function clamp01(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/** 0 below `from`, 1 above `to`, smooth between; also with `from` above `to`. */
export function step(from: number, to: number, value: number): number {
  const t = clamp01((value - from) / (to - from));
  return t * t * (3 - 2 * t);
}

/** Length of a vector; many times as fast as Math.hypot, which guards against overflow. */
export function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** A line of the given half width around distance 0, with a soft edge of `soft`. */
export function stroke(distance: number, halfWidth: number, soft = 0.06): number {
  return 1 - step(halfWidth - soft, halfWidth + soft, Math.abs(distance));
}

/** 1 at the centre, falling off like a bell; `rx`, `ry` are standard deviations. */
export function bell(x: number, y: number, rx: number, ry: number): number {
  return Math.exp(-0.5 * ((x * x) / (rx * rx) + (y * y) / (ry * ry)));
}

/** Distance from a point to a segment. */
export function toSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const t = clamp01(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-9));
  const ex = x - ax - t * dx;
  const ey = y - ay - t * dy;
  return Math.sqrt(ex * ex + ey * ey);
}

/** A number 0–1 for a lattice point; the same on every machine. */
export function hash(x: number, y: number): number {
  let h = Math.imul(x | 0, 0x27d4eb2d) ^ Math.imul(y | 0, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

/** Smooth value noise, 0–1, one bump per unit. */
export function noise(x: number, y: number): number {
  const xi = Math.floor(x);
  const yi = Math.floor(y);
  const fx = x - xi;
  const fy = y - yi;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const top = hash(xi, yi) + (hash(xi + 1, yi) - hash(xi, yi)) * sx;
  const bottom = hash(xi, yi + 1) + (hash(xi + 1, yi + 1) - hash(xi, yi + 1)) * sx;
  return top + (bottom - top) * sy;
}

/** Three octaves of noise, 0–1. */
export function cloud(x: number, y: number): number {
  return (noise(x, y) * 4 + noise(x * 2.1 + 7, y * 2.1 + 3) * 2 + noise(x * 4.3 + 1, y * 4.3 + 9)) / 7;
}

/** Distance to the nearest border of a Voronoi pattern with about one cell per unit: cracks and scales. */
export function crack(x: number, y: number): number {
  const xi = Math.floor(x);
  const yi = Math.floor(y);
  let first = 9;
  let second = 9;
  for (let j = yi - 1; j <= yi + 1; j++) {
    for (let i = xi - 1; i <= xi + 1; i++) {
      const dx = i + hash(i, j) - x;
      const dy = j + hash(j + 71, i - 13) - y;
      const d = Math.sqrt(dx * dx + dy * dy);
      if (d < first) {
        second = first;
        first = d;
      } else if (d < second) second = d;
    }
  }
  return (second - first) / 2;
}

/** Distance to an Archimedean spiral of `turns` turns and the given outer radius around the origin. */
export function spiral(x: number, y: number, radius: number, turns: number, winding: 1 | -1): number {
  const r = Math.sqrt(x * x + y * y);
  if (r > radius + 0.5) return r - radius;
  const pitch = radius / turns;
  const angle = (Math.atan2(y, x) * winding) / (2 * Math.PI);
  const off = r / pitch - angle;
  return Math.min(Math.abs(off - Math.round(off)) * pitch, Math.abs(radius - r) + pitch);
}

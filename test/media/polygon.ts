/** Outlines are flat lists x0, y0, x1, y1 … of a closed polygon. */

/** 0 or 255 for each pixel of a `width` × `height` mask: even-odd rule at the pixel centre. */
export function fillPolygon(outline: readonly number[], width: number, height: number): Uint8Array {
  const mask = new Uint8Array(width * height);
  const crossings: number[] = [];
  for (let row = 0; row < height; row++) {
    crossings.length = 0;
    const y = row + 0.5;
    for (let i = 0; i < outline.length; i += 2) {
      const [x0, y0] = [outline[i]!, outline[i + 1]!];
      const [x1, y1] = [outline[(i + 2) % outline.length]!, outline[(i + 3) % outline.length]!];
      if (y0 <= y === y1 <= y) continue;
      crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i]! - 0.5));
      const to = Math.min(width, Math.ceil(crossings[i + 1]! - 0.5));
      if (to > from) mask.fill(255, row * width + from, row * width + to);
    }
  }
  return mask;
}

/** Box blur with `radius`, edges repeated. In place. */
export function boxBlur(plane: Uint8Array, width: number, height: number, radius: number): void {
  blurLines(plane, width, height, 1, width, radius);
  blurLines(plane, height, width, width, 1, radius);
}

function blurLines(
  plane: Uint8Array,
  length: number,
  lines: number,
  step: number,
  pitch: number,
  radius: number,
): void {
  const line = new Uint8Array(length);
  const count = 2 * radius + 1;
  for (let at = 0; at < lines; at++) {
    const start = at * pitch;
    for (let i = 0; i < length; i++) line[i] = plane[start + i * step]!;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += line[Math.min(length - 1, Math.max(0, i))]!;
    for (let i = 0; i < length; i++) {
      plane[start + i * step] = Math.round(sum / count);
      sum += line[Math.min(length - 1, i + radius + 1)]! - line[Math.max(0, i - radius)]!;
    }
  }
}

/** How far a ray from (`x`, `y`) in direction (`dx`, `dy`) (a unit vector) goes before it leaves the outline. */
export function rayLength(outline: readonly number[], x: number, y: number, dx: number, dy: number): number {
  let longest = 0;
  for (let i = 0; i < outline.length; i += 2) {
    const [x0, y0] = [outline[i]! - x, outline[i + 1]! - y];
    const ex = outline[(i + 2) % outline.length]! - x - x0;
    const ey = outline[(i + 3) % outline.length]! - y - y0;
    const determinant = ex * dy - ey * dx;
    if (Math.abs(determinant) < 1e-9) continue;
    const along = (ex * y0 - ey * x0) / determinant;
    const across = (dx * y0 - dy * x0) / determinant;
    if (across >= 0 && across <= 1 && along > longest) longest = along;
  }
  return longest;
}

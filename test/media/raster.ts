import type { Texture } from './portrait.ts';

/** What is drawn on: 4:4:4 planes and a coverage plane, `width * height` bytes each. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  /** 255 where something was drawn. */
  readonly cover: Uint8Array;
}

export function createCanvas(width: number, height: number): Canvas {
  const size = width * height;
  const plane = () => new Uint8Array(size);
  return { width, height, y: plane(), u: plane(), v: plane(), cover: plane() };
}

/** The inside of a mouth: dark red. */
const [MOUTH_Y, MOUTH_U, MOUTH_V] = [38, 124, 142];

/**
 * Draws one textured triangle, sampling bilinearly at pixel centres.
 * @param p the frame's x and y of the three corners
 * @param t the texture's x and y of the three corners
 * @param dark 0 shows the texture, 1 the inside of a mouth
 */
export function drawTriangle(canvas: Canvas, texture: Texture, p: Float64Array, t: Float64Array, dark: number): void {
  const [ax, ay, bx, by, cx, cy] = [p[0]!, p[1]!, p[2]!, p[3]!, p[4]!, p[5]!];
  const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (Math.abs(area) < 1e-6) return;
  // Texture coordinates are affine in the frame's: u = u0 + ux·x + uy·y.
  const ux = ((t[2]! - t[0]!) * (cy - ay) - (t[4]! - t[0]!) * (by - ay)) / area;
  const uy = ((t[4]! - t[0]!) * (bx - ax) - (t[2]! - t[0]!) * (cx - ax)) / area;
  const vx = ((t[3]! - t[1]!) * (cy - ay) - (t[5]! - t[1]!) * (by - ay)) / area;
  const vy = ((t[5]! - t[1]!) * (bx - ax) - (t[3]! - t[1]!) * (cx - ax)) / area;
  const { width, height } = canvas;
  const first = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
  const last = Math.min(height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
  for (let row = first; row <= last; row++) {
    const y = row + 0.5;
    let from = Infinity;
    let to = -Infinity;
    for (let side = 0; side < 3; side++) {
      const [x0, y0] = [p[side * 2]!, p[side * 2 + 1]!];
      const [x1, y1] = [p[((side + 1) % 3) * 2]!, p[((side + 1) % 3) * 2 + 1]!];
      if (y0 <= y === y1 <= y) continue;
      const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
      if (x < from) from = x;
      if (x > to) to = x;
    }
    const begin = Math.max(0, Math.ceil(from - 0.501));
    const end = Math.min(width - 1, Math.floor(to - 0.499));
    if (begin > end) continue;
    const u = t[0]! + ux * (begin + 0.5 - ax) + uy * (y - ay) - 0.5;
    const v = t[1]! + vx * (begin + 0.5 - ax) + vy * (y - ay) - 0.5;
    drawSpan(canvas, texture, row * width + begin, end - begin + 1, u, v, ux, vx, dark);
  }
}

function drawSpan(
  canvas: Canvas,
  texture: Texture,
  to: number,
  count: number,
  u: number,
  v: number,
  ux: number,
  vx: number,
  dark: number,
): void {
  const { width, y: ty, u: tu, v: tv } = texture;
  const [right, bottom] = [width - 1.001, texture.height - 1.001];
  const keep = 1 - dark;
  for (let i = 0; i < count; i++, u += ux, v += vx) {
    const x = u < 0 ? 0 : u > right ? right : u;
    const y = v < 0 ? 0 : v > bottom ? bottom : v;
    const at = (y | 0) * width + (x | 0);
    const fx = x - (x | 0);
    const fy = y - (y | 0);
    const w00 = (1 - fx) * (1 - fy);
    const w10 = fx * (1 - fy);
    const w01 = (1 - fx) * fy;
    const w11 = fx * fy;
    const below = at + width;
    const luma = ty[at]! * w00 + ty[at + 1]! * w10 + ty[below]! * w01 + ty[below + 1]! * w11;
    const blue = tu[at]! * w00 + tu[at + 1]! * w10 + tu[below]! * w01 + tu[below + 1]! * w11;
    const red = tv[at]! * w00 + tv[at + 1]! * w10 + tv[below]! * w01 + tv[below + 1]! * w11;
    canvas.y[to + i] = luma * keep + MOUTH_Y * dark + 0.5;
    canvas.u[to + i] = blue * keep + MOUTH_U * dark + 0.5;
    canvas.v[to + i] = red * keep + MOUTH_V * dark + 0.5;
    canvas.cover[to + i] = 255;
  }
}

/** A similarity from frame pixels to texture pixels: u = u0 + a·x − b·y, v = v0 + b·x + a·y. */
export interface Placement {
  readonly u0: number;
  readonly v0: number;
  readonly a: number;
  readonly b: number;
}

/** Blends a texture with its own alpha over the whole canvas; beyond its edges the last pixel goes on. */
export function blendLayer(canvas: Canvas, texture: Texture, alpha: Uint8Array, { u0, v0, a, b }: Placement): void {
  const { width, height, y: cy, u: cu, v: cv } = canvas;
  const { width: tw, y: ty, u: tu, v: tv } = texture;
  const [right, bottom] = [tw - 1.001, texture.height - 1.001];
  for (let row = 0; row < height; row++) {
    let u = u0 + a * 0.5 - b * (row + 0.5) - 0.5;
    let v = v0 + b * 0.5 + a * (row + 0.5) - 0.5;
    for (let to = row * width; to < (row + 1) * width; to++, u += a, v += b) {
      const x = u < 0 ? 0 : u > right ? right : u;
      const y = v < 0 ? 0 : v > bottom ? bottom : v;
      const at = (y | 0) * tw + (x | 0);
      const opaque = alpha[at]!;
      if (opaque === 0) continue;
      const fx = x - (x | 0);
      const fy = y - (y | 0);
      const w00 = (1 - fx) * (1 - fy);
      const w10 = fx * (1 - fy);
      const w01 = (1 - fx) * fy;
      const w11 = fx * fy;
      const below = at + tw;
      const k = (opaque * w00 + alpha[at + 1]! * w10 + alpha[below]! * w01 + alpha[below + 1]! * w11) / 255;
      cy[to]! += k * (ty[at]! * w00 + ty[at + 1]! * w10 + ty[below]! * w01 + ty[below + 1]! * w11 - cy[to]!);
      cu[to]! += k * (tu[at]! * w00 + tu[at + 1]! * w10 + tu[below]! * w01 + tu[below + 1]! * w11 - cu[to]!);
      cv[to]! += k * (tv[at]! * w00 + tv[at + 1]! * w10 + tv[below]! * w01 + tv[below + 1]! * w11 - cv[to]!);
    }
  }
}

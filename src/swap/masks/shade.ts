import { FIELD_SIZE, TEXTURE_CENTIMETRES } from '../canonical/fields.ts';

/** A painted texture before it is lit: `FIELD_SIZE`² values each, as in Material. */
export interface Canvas {
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
  readonly height: Float32Array;
  readonly gloss: Float32Array;
  readonly metal: Float32Array;
  readonly glow: Float32Array;
}

export function createCanvas(): Canvas {
  const plane = (): Float32Array => new Float32Array(FIELD_SIZE * FIELD_SIZE);
  return {
    red: plane(),
    green: plane(),
    blue: plane(),
    height: plane(),
    gloss: plane(),
    metal: plane(),
    glow: plane(),
  };
}

/** Texels in a centimetre. */
const SCALE = FIELD_SIZE / TEXTURE_CENTIMETRES;
/** Towards the main lamp, upper left and in front, and towards the weaker one on the right; unit vectors. */
const KEY = [-0.4, 0.53, 0.75] as const;
const FILL = [0.73, 0.05, 0.68] as const;
/** Halfway between lamp and camera, for the highlight. */
const HALF = [-0.215, 0.283, 0.935] as const;

/**
 * Lights a canvas as a thing in a studio would be lit. Works in linear light (screen value squared).
 * @param normals of the face, from Fields
 * @param out `FIELD_SIZE`² × RGB, written
 */
export function shade(canvas: Canvas, normals: Float32Array, out: Uint8Array): void {
  const hollow = hollows(canvas.height);
  for (let row = 0; row < FIELD_SIZE; row++) {
    for (let column = 0; column < FIELD_SIZE; column++) {
      const k = row * FIELD_SIZE + column;
      const right = column < FIELD_SIZE - 1 ? k + 1 : k;
      const down = row < FIELD_SIZE - 1 ? k + FIELD_SIZE : k;
      const { height } = canvas;
      // The relief tilts the normal: against the slope to the right, and with the slope downwards since y is up.
      const nx = normals[k * 3]! - (height[right]! - height[k]!) * SCALE;
      const ny = normals[k * 3 + 1]! + (height[down]! - height[k]!) * SCALE;
      const nz = normals[k * 3 + 2]!;
      const scale = 1 / Math.sqrt(nx * nx + ny * ny + nz * nz);
      shadeTexel(canvas, k, nx * scale, ny * scale, nz * scale, 1 - hollow[k]!, out);
    }
  }
}

function shadeTexel(
  canvas: Canvas,
  k: number,
  nx: number,
  ny: number,
  nz: number,
  open: number,
  out: Uint8Array,
): void {
  const key = Math.max(0, nx * KEY[0] + ny * KEY[1] + nz * KEY[2]);
  const fill = Math.max(0, nx * FILL[0] + ny * FILL[1] + nz * FILL[2]);
  const gloss = canvas.gloss[k]!;
  const metal = canvas.metal[k]!;
  const glow = canvas.glow[k]!;
  const diffuse = (0.3 + 0.12 * ny + 0.62 * key + 0.2 * fill) * open;
  const facing = Math.max(0, nx * HALF[0] + ny * HALF[1] + nz * HALF[2]);
  const edge = (1 - Math.max(0, nz)) ** 3;
  const highlight = gloss * (0.55 * facing ** (8 + 90 * gloss * gloss) + 0.25 * edge * open) * open;
  const mirrored = (room(2 * nz * nx, 2 * nz * ny) * 0.85 + 0.25 * key) * open;
  out[k * 3] = screen(lit(canvas.red[k]!, diffuse, highlight, mirrored, metal, glow));
  out[k * 3 + 1] = screen(lit(canvas.green[k]!, diffuse, highlight, mirrored, metal, glow));
  out[k * 3 + 2] = screen(lit(canvas.blue[k]!, diffuse, highlight, mirrored, metal, glow));
}

/** Light that comes back from a colour: mixed from dull and polished, and what it gives itself. */
function lit(value: number, diffuse: number, highlight: number, mirrored: number, metal: number, glow: number): number {
  const colour = value * value;
  const dull = colour * diffuse + highlight * 0.6;
  const polished = colour * mirrored + highlight * (0.25 + 0.75 * colour);
  return dull + (polished - dull) * metal + (colour - dull) * glow;
}

/** Brightness of the studio that metal reflects, in direction (x, y): dark floor, light walls, two soft lamps. */
function room(x: number, y: number): number {
  const walls = 0.32 + 0.5 / (1 + Math.exp(-3.5 * (y + 0.12)));
  const left = Math.exp(-((x + 0.62) * (x + 0.62) * 7 + (y - 0.5) * (y - 0.5) * 5));
  const side = Math.exp(-((x - 0.8) * (x - 0.8) * 14 + (y - 0.05) * (y - 0.05) * 2));
  return walls + 1.1 * left + 0.5 * side;
}

function screen(linear: number): number {
  return linear <= 0 ? 0 : linear >= 1 ? 255 : Math.sqrt(linear) * 255 + 0.5;
}

/** 0–0.6: how deep a texel lies below its surroundings. Light reaches it less. */
function hollows(height: Float32Array): Float32Array {
  const around = blur(blur(height, 1, FIELD_SIZE), FIELD_SIZE, 1);
  return around.map((mean, k) => Math.max(0, Math.min(0.6, (mean - height[k]!) * 4)));
}

/** Mean over 15 texels along one direction. */
function blur(values: Float32Array, along: number, across: number): Float32Array {
  const reach = 7;
  const last = FIELD_SIZE - 1;
  const out = new Float32Array(values.length);
  for (let line = 0; line < FIELD_SIZE; line++) {
    const start = line * across;
    let sum = values[start]! * (reach + 1);
    for (let i = 1; i <= reach; i++) sum += values[start + i * along]!;
    for (let i = 0; i < FIELD_SIZE; i++) {
      out[start + i * along] = sum / (2 * reach + 1);
      const enters = i + reach + 1 < last ? i + reach + 1 : last;
      const leaves = i - reach > 0 ? i - reach : 0;
      sum += values[start + enters * along]! - values[start + leaves * along]!;
    }
  }
  return out;
}

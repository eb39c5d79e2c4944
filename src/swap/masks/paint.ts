import type { FaceGeometry } from '../../onnx/geometry.ts';
import { MESH_POINTS } from '../mesh/geometry.ts';
import { toPlanes444 } from '../planes.ts';
import type { PreparedIdentity } from '../swap.ts';
import { fieldsOf, FIELD_SIZE, TEXTURE_CENTIMETRES, type Fields } from '../canonical/fields.ts';
import { paintEye } from './eye.ts';
import { PAINTERS } from './list.ts';
import type { MaskPainter, Material, Spot } from './material.ts';
import { createCanvas, shade, type Canvas } from './shade.ts';

/** Every painted mask, in the order in which people are shown them. */
export const MASKS: readonly { readonly name: string; readonly title: string }[] = PAINTERS.map(({ name, title }) => ({
  name,
  title,
}));

/**
 * The painted masks, drawn by code into the canonical texture; no photograph is in them. Each is painted when first asked
 * for and kept, so the same object, and with it what the swap prepared for it, serves every session of the thread.
 */
export class MaskBox {
  readonly #geometry: FaceGeometry;
  readonly #painted = new Map<string, PreparedIdentity>();
  #canvas: Canvas | undefined;

  /** @param painted masks that are painted already */
  constructor(geometry: FaceGeometry, painted: readonly PreparedIdentity[] = []) {
    this.#geometry = geometry;
    for (const mask of painted) this.#painted.set(mask.id.slice('mask:'.length), mask);
  }

  /** @returns undefined for a name that is not in `MASKS` */
  mask(name: string): PreparedIdentity | undefined {
    const kept = this.#painted.get(name);
    if (kept) return kept;
    const painter = PAINTERS.find((candidate) => candidate.name === name);
    if (!painter) return undefined;
    const painted = this.#paint(painter);
    this.#painted.set(name, painted);
    return painted;
  }

  #paint(painter: MaskPainter): PreparedIdentity {
    const fields = fieldsOf(this.#geometry);
    this.#canvas ??= createCanvas();
    fill(this.#canvas, fields, painter);
    const data = new Uint8Array(FIELD_SIZE * FIELD_SIZE * 3);
    shade(this.#canvas, fields.normals, data);
    return {
      id: `mask:${painter.name}`,
      kind: 'mask',
      width: FIELD_SIZE,
      height: FIELD_SIZE,
      ...toPlanes444({ width: FIELD_SIZE, height: FIELD_SIZE, data }),
      points: this.#geometry.texture.slice(0, MESH_POINTS * 2).map((t) => t * FIELD_SIZE),
    };
  }
}

function fill(canvas: Canvas, fields: Fields, painter: MaskPainter): void {
  const spot: Spot = { x: 0, y: 0, side: 0, eye: 0, lips: 0, seam: 0, brow: 0, rim: 0, eyeX: 0, eyeY: 0 };
  const material: Material = { red: 1, green: 1, blue: 1, height: 0, gloss: 0, metal: 0, glow: 0 };
  const scale = TEXTURE_CENTIMETRES / FIELD_SIZE;
  for (let k = 0; k < FIELD_SIZE * FIELD_SIZE; k++) {
    spot.x = ((k % FIELD_SIZE) + 0.5 - FIELD_SIZE / 2) * scale;
    spot.y = (FIELD_SIZE / 2 - 0.5 - Math.floor(k / FIELD_SIZE)) * scale;
    spot.side = Math.abs(spot.x);
    spot.eye = fields.eye[k]!;
    spot.lips = fields.lips[k]!;
    spot.seam = fields.seam[k]!;
    spot.brow = fields.brow[k]!;
    spot.rim = fields.rim[k]!;
    spot.eyeX = spot.side - fields.eyes[1][0];
    spot.eyeY = spot.y - fields.eyes[1][1];
    material.red = material.green = material.blue = 1;
    material.height = material.gloss = material.metal = material.glow = 0;
    // Far outside the face nothing is ever sampled: it stays white.
    if (spot.rim > -0.8) painter.paint(spot, material);
    if (spot.eye < 0.1) paintEye(spot, material, painter.iris);
    canvas.red[k] = material.red;
    canvas.green[k] = material.green;
    canvas.blue[k] = material.blue;
    canvas.height[k] = material.height;
    canvas.gloss[k] = material.gloss;
    canvas.metal[k] = material.metal;
    canvas.glow[k] = material.glow;
  }
}

import { Head, type HeadState } from './head.ts';
import { boxBlur, fillPolygon } from './polygon.ts';
import { loadPortrait, type Portrait, type PortraitName, type Texture } from './portrait.ts';
import { blendLayer, createCanvas, drawTriangle, type Canvas } from './raster.ts';

/** What a portrait is cut into. */
interface Parts {
  readonly portrait: Portrait;
  readonly body: Texture;
  readonly bodyAlpha: Uint8Array;
}

const cut = new Map<PortraitName, Parts>();

/** A process cuts each portrait once. */
function partsOf(name: PortraitName): Parts {
  const known = cut.get(name);
  if (known !== undefined) return known;
  const portrait = loadPortrait(name);
  const { width, height } = portrait.texture;
  const parts = { portrait, body: headless(portrait), bodyAlpha: softMask(portrait.bodyOutline, width, height) };
  cut.set(name, parts);
  return parts;
}

/** A person who can be drawn: a body that sways and a head that turns. */
export class Actor {
  readonly name: PortraitName;
  readonly head: Head;
  readonly #texture: Texture;
  readonly #body: Texture;
  readonly #bodyAlpha: Uint8Array;
  readonly #vertices: Float32Array;
  readonly #order: Uint32Array;
  readonly #depth: Float64Array;
  #layer: Canvas = createCanvas(2, 2);

  constructor(name: PortraitName) {
    const { portrait, body, bodyAlpha } = partsOf(name);
    this.name = name;
    this.head = new Head(portrait);
    this.#texture = portrait.texture;
    this.#body = body;
    this.#bodyAlpha = bodyAlpha;
    this.#vertices = new Float32Array(this.head.vertexCount * 3);
    this.#order = new Uint32Array(this.head.triangles.length / 3);
    this.#depth = new Float64Array(this.head.triangles.length / 3);
  }

  /**
   * Draws the person over what is there.
   * @returns the 478 true landmarks × (x, y, z) in pixels of the frame; valid until the next call
   */
  draw(canvas: Canvas, state: HeadState): Float32Array {
    const { width, height } = canvas;
    if (this.#layer.width !== width || this.#layer.height !== height) this.#layer = createCanvas(width, height);
    this.#drawBody(canvas, state);
    const landmarks = this.landmarks(state, width, height);
    this.#layer.cover.fill(0);
    this.#drawHead(state);
    overlay(canvas, this.#layer, this.#bounds(width, height));
    return landmarks;
  }

  /** The true landmarks without drawing, as `draw` returns them. */
  landmarks(state: HeadState, width: number, height: number): Float32Array {
    this.head.pose(state, width, height, this.#vertices);
    return this.#vertices.subarray(0, 478 * 3);
  }

  /** The body follows the head's place and half of its tilt; it does not turn. */
  #drawBody(canvas: Canvas, { x, y, size, roll }: HeadState): void {
    const { width, height } = canvas;
    const scale = (size * height) / this.head.faceWidth;
    const angle = (roll * Math.PI) / 360;
    const [a, b] = [Math.cos(angle) / scale, -Math.sin(angle) / scale];
    const [left, top] = [width / 2 + x * height, height / 2 + y * height];
    const { centre } = this.head;
    const placement = { a, b, u0: centre.x - a * left + b * top, v0: centre.y - b * left - a * top };
    blendLayer(canvas, this.#body, this.#bodyAlpha, placement);
  }

  #drawHead({ mouth }: HeadState): void {
    const { triangles, texturePoints, mouthTriangles } = this.head;
    const count = this.#facing();
    const corners = new Float64Array(6);
    const samples = new Float64Array(6);
    for (let i = 0; i < count; i++) {
      const triangle = this.#order[i]!;
      for (let k = 0; k < 3; k++) {
        const vertex = triangles[triangle * 3 + k]!;
        corners[k * 2] = this.#vertices[vertex * 3]!;
        corners[k * 2 + 1] = this.#vertices[vertex * 3 + 1]!;
        samples[k * 2] = texturePoints[vertex * 2]!;
        samples[k * 2 + 1] = texturePoints[vertex * 2 + 1]!;
      }
      drawTriangle(
        this.#layer,
        this.#texture,
        corners,
        samples,
        triangle < mouthTriangles ? Math.min(1, mouth * 3) : 0,
      );
    }
  }

  /** Fills the order with the triangles that face the camera, far ones first. */
  #facing(): number {
    const { triangles } = this.head;
    const points = this.#vertices;
    let count = 0;
    for (let triangle = 0; triangle < this.#depth.length; triangle++) {
      const a = triangles[triangle * 3]! * 3;
      const b = triangles[triangle * 3 + 1]! * 3;
      const c = triangles[triangle * 3 + 2]! * 3;
      const ax = points[a]!;
      const ay = points[a + 1]!;
      const area = (points[b]! - ax) * (points[c + 1]! - ay) - (points[b + 1]! - ay) * (points[c]! - ax);
      // Wound counter-clockwise on paper is clockwise on screen, where y points down.
      if (area >= 0) continue;
      this.#depth[triangle] = points[a + 2]! + points[b + 2]! + points[c + 2]!;
      this.#order[count++] = triangle;
    }
    this.#order.subarray(0, count).sort((p, q) => this.#depth[q]! - this.#depth[p]!);
    return count;
  }

  #bounds(width: number, height: number): readonly [number, number, number, number] {
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let i = 0; i < this.#vertices.length; i += 3) {
      left = Math.min(left, this.#vertices[i]!);
      right = Math.max(right, this.#vertices[i]!);
      top = Math.min(top, this.#vertices[i + 1]!);
      bottom = Math.max(bottom, this.#vertices[i + 1]!);
    }
    return [
      Math.max(0, Math.floor(left) - 2),
      Math.max(0, Math.floor(top) - 2),
      Math.min(width, Math.ceil(right) + 2),
      Math.min(height, Math.ceil(bottom) + 2),
    ];
  }
}

/** Puts the layer over the canvas where it is covered; the outline is softened inwards by one pixel. */
function overlay(canvas: Canvas, layer: Canvas, [left, top, right, bottom]: readonly [number, number, number, number]) {
  const { width, height } = canvas;
  const { cover } = layer;
  for (let row = top; row < bottom; row++) {
    for (let at = row * width + left; at < row * width + right; at++) {
      if (cover[at] === 0) continue;
      const column = at - row * width;
      let near = 0;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const outside = column + dx < 0 || column + dx >= width || row + dy < 0 || row + dy >= height;
          near += outside || cover[at + dy * width + dx]! > 0 ? 1 : 0;
        }
      }
      const k = Math.max(0.2, (near - 3) / 6);
      canvas.y[at]! += k * (layer.y[at]! - canvas.y[at]!);
      canvas.u[at]! += k * (layer.u[at]! - canvas.u[at]!);
      canvas.v[at]! += k * (layer.v[at]! - canvas.v[at]!);
    }
  }
}

function softMask(outline: readonly number[], width: number, height: number): Uint8Array {
  const mask = fillPolygon(outline, width, height);
  boxBlur(mask, width, height, 2);
  return mask;
}

/** The portrait with its head painted over by what is below it, so that a turned head does not uncover a second face. */
function headless({ texture, headOutline }: Portrait): Texture {
  const { width, height } = texture;
  const mask = fillPolygon(headOutline, width, height);
  boxBlur(mask, width, height, 3);
  const planes = [texture.y, texture.u, texture.v].map((plane) => {
    const painted = plane.slice();
    for (let column = 0; column < width; column++) {
      let held = 0;
      for (let row = height - 1; row >= 0; row--) {
        const at = row * width + column;
        if (mask[at] === 0) held = plane[at]!;
        else painted[at] = held;
      }
    }
    const smooth = painted.slice();
    boxBlur(smooth, width, height, 6);
    return painted.map((value, at) => (mask[at] === 0 ? value : smooth[at]!));
  });
  return { width, height, y: planes[0]!, u: planes[1]!, v: planes[2]! };
}

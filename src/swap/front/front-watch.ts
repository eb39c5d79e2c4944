import type { I420 } from '../../media/plane.ts';
import { MESH_POINTS } from '../mesh/geometry.ts';
import { drawTriangle, type RasterTarget } from '../mesh/raster.ts';
import type { SpanWriter } from '../mesh/spans.ts';
import type { SwappedCrop } from '../swap.ts';
import { SIDE, type FaceCells } from './face-cells.ts';
import { WatchedFace } from './watched-face.ts';

/** What lies before a face in one picture. Its own: pictures may be shown after later ones were looked at. */
export interface Front {
  /** 0–255 for each cell of the square. */
  readonly shares: Uint8Array;
  /** (x, y, z) of the landmarks, pixels. */
  readonly landmarks: Float32Array;
}

/** Tells what lies before the faces of one session, without any network, and keeps it before their swaps. */
export class FrontWatch {
  readonly #cells: FaceCells;
  readonly #faces = new Map<number, WatchedFace>();
  readonly #spans = new LoweringSpans();
  readonly #target: RasterTarget;

  constructor(cells: FaceCells) {
    this.#cells = cells;
    const zeros = (): Float32Array => new Float32Array(MESH_POINTS);
    const [x, y, coverage] = [zeros(), zeros(), zeros()];
    const { u, v } = cells;
    this.#target = { width: 0, height: 0, x, y, coverage, u, v, textureWidth: SIDE, textureHeight: SIDE };
  }

  /** Looks at a face of the next picture; `undefined` if nothing lies before it. */
  look(picture: I420, { id, landmarks }: { readonly id: number; readonly landmarks: Float32Array }): Front | undefined {
    let face = this.#faces.get(id);
    if (face === undefined) this.#faces.set(id, (face = new WatchedFace(this.#cells)));
    if (!face.look(picture, landmarks)) return undefined;
    return { shares: face.shares.slice(), landmarks: landmarks.slice() };
  }

  /** Forgets all other faces. */
  keep(ids: readonly number[]): void {
    for (const id of this.#faces.keys()) if (!ids.includes(id)) this.#faces.delete(id);
  }

  /** Takes a swap away where something lies before its face. */
  lower(crop: SwappedCrop, front: Front): void {
    this.#spans.shares = front.shares;
    this.#draw(crop, front, 1);
    this.#draw(crop, front, 0.5);
  }

  #draw(crop: SwappedCrop, { landmarks, shares }: Front, scale: number): void {
    const target = this.#target;
    const { triangles } = this.#cells;
    target.width = crop.width * scale;
    target.height = crop.height * scale;
    for (let i = 0, k = 0; i < MESH_POINTS; i++, k += 3) {
      target.x[i] = (landmarks[k]! - crop.x) * scale;
      target.y[i] = (landmarks[k + 1]! - crop.y) * scale;
    }
    this.#spans.mask = scale === 1 ? crop.lumaMask : crop.chromaMask;
    for (let k = 0; k < triangles.length; k += 3) {
      const [a, b, c] = [triangles[k]!, triangles[k + 1]!, triangles[k + 2]!];
      if (anyOf(shares, target, a, b, c)) drawTriangle(target, a, b, c, this.#spans);
    }
  }
}

/** Something lies before a cell that a triangle touches. */
function anyOf(shares: Uint8Array, { u, v }: RasterTarget, a: number, b: number, c: number): boolean {
  const left = Math.max(0, Math.floor(Math.min(u[a]!, u[b]!, u[c]!) - 0.5));
  const right = Math.min(SIDE - 1, Math.ceil(Math.max(u[a]!, u[b]!, u[c]!)));
  const bottom = Math.min(SIDE - 1, Math.ceil(Math.max(v[a]!, v[b]!, v[c]!)));
  for (let row = Math.max(0, Math.floor(Math.min(v[a]!, v[b]!, v[c]!) - 0.5)); row <= bottom; row++) {
    for (let at = row * SIDE + left; at <= row * SIDE + right; at++) if (shares[at]! > 0) return true;
  }
  return false;
}

/** Lowers a mask by what lies before the face, bilinearly. */
class LoweringSpans implements SpanWriter {
  mask: Uint8Array = new Uint8Array(0);
  shares: Uint8Array = new Uint8Array(0);

  write(at: number, count: number, u: number, v: number, _g: number, du: number, dv: number): void {
    const { mask, shares } = this;
    for (const end = at + count; at < end; at++, u += du, v += dv) {
      const k = (v >> 16) * SIDE + (u >> 16);
      const [fx, fy] = [(u >> 8) & 255, (v >> 8) & 255];
      const top = (shares[k]! << 8) + (shares[k + 1]! - shares[k]!) * fx;
      const bottom = (shares[k + SIDE]! << 8) + (shares[k + SIDE + 1]! - shares[k + SIDE]!) * fx;
      const share = (top << 8) + (bottom - top) * fy;
      mask[at] = (mask[at]! * (255 * 65536 - share)) / (255 * 65536);
    }
  }
}

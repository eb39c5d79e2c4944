import type { FaceGeometry } from '../../onnx/geometry.ts';
import { BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER } from '../mesh/geometry.ts';
import { rasteriseNormals } from './normals.ts';

/** Side of the fields, and of a painted mask's texture, pixels: a little more than a face of a 720p call. */
export const FIELD_SIZE = 384;
/** Centimetres of a face along a side of the texture; the canonical unwrapping is nearly true to scale. */
export const TEXTURE_CENTIMETRES = 20.5;
/** Distances beyond this are not told apart, centimetres. */
const FAR = 4;

/** What is known about every texel of the canonical texture, before any mask is painted. `FIELD_SIZE`² values each. */
export interface Fields {
  /** Unit normals (x, y, z): x right, y up, z towards the camera. */
  readonly normals: Float32Array;
  /** Centimetres to the contour of the nearer eye; negative inside. */
  readonly eye: Float32Array;
  /** To the outer contour of the lips; negative inside. */
  readonly lips: Float32Array;
  /** To the line between closed lips. */
  readonly seam: Float32Array;
  /** To the middle line of the nearer brow. */
  readonly brow: Float32Array;
  /** To the outline of the face; positive inside. */
  readonly rim: Float32Array;
  /** Centres of the eyes (x, y) in centimetres, left and right in the picture. */
  readonly eyes: readonly [readonly [number, number], readonly [number, number]];
}

const known = new WeakMap<FaceGeometry, Fields>();

/** The fields of a geometry; worked out at the first call, some 50 ms, and kept as long as it. */
export function fieldsOf(geometry: FaceGeometry): Fields {
  let fields = known.get(geometry);
  if (!fields) known.set(geometry, (fields = createFields(geometry)));
  return fields;
}

function createFields(geometry: FaceGeometry): Fields {
  const at = (i: number): [number, number] => [
    (geometry.texture[i * 2]! - 0.5) * TEXTURE_CENTIMETRES,
    (0.5 - geometry.texture[i * 2 + 1]!) * TEXTURE_CENTIMETRES,
  ];
  const line = (points: Iterable<number>): number[] => [...points].flatMap(at);
  const eyeLeft = distances(line(EYE_LEFT), 'area');
  const eyeRight = distances(line(EYE_RIGHT), 'area');
  const browLeft = distances(line(BROW_LEFT), 'line', -0.35);
  const browRight = distances(line(BROW_RIGHT), 'line', -0.35);
  return {
    normals: rasteriseNormals(geometry, FIELD_SIZE),
    eye: eyeLeft.map((d, k) => Math.min(d, eyeRight[k]!)),
    lips: distances(line(LIPS_OUTER), 'area'),
    seam: distances(line([LIPS_INNER[0], ...LIPS_INNER.slice(11).reverse(), LIPS_INNER[10]]), 'line'),
    brow: browLeft.map((d, k) => Math.min(d, browRight[k]!)),
    rim: distances(line(geometry.oval), 'area').map((d) => -d),
    eyes: [centre(line(EYE_LEFT)), centre(line(EYE_RIGHT))],
  };
}

function centre(points: readonly number[]): [number, number] {
  let x = 0;
  let y = 0;
  for (let i = 0; i < points.length; i += 2) {
    x += points[i]!;
    y += points[i + 1]!;
  }
  return [(x * 2) / points.length, (y * 2) / points.length];
}

/** Distance of every texel to a closed area (negative inside) or an open line, `shift` centimetres higher. */
function distances(points: readonly number[], kind: 'area' | 'line', shift = 0): Float32Array {
  const out = new Float32Array(FIELD_SIZE * FIELD_SIZE).fill(FAR);
  const scale = FIELD_SIZE / TEXTURE_CENTIMETRES;
  const ys = points.filter((_, i) => i % 2 === 1);
  const xs = points.filter((_, i) => i % 2 === 0);
  const pixel = (cm: number): number => Math.max(0, Math.min(FIELD_SIZE, Math.round(cm * scale + FIELD_SIZE / 2)));
  const [left, right] = [pixel(Math.min(...xs) - FAR), pixel(Math.max(...xs) + FAR)];
  const [top, bottom] = [pixel(-Math.max(...ys) - FAR - shift), pixel(-Math.min(...ys) + FAR - shift)];
  const segments = points.length / 2 - (kind === 'line' ? 1 : 0);
  for (let row = top; row < bottom; row++) {
    const y = (FIELD_SIZE / 2 - row - 0.5) / scale - shift;
    for (let column = left; column < right; column++) {
      const x = (column + 0.5 - FIELD_SIZE / 2) / scale;
      let nearest = FAR * FAR;
      let inside = false;
      for (let s = 0, a = 0; s < segments; s++, a += 2) {
        const b = (a + 2) % points.length;
        const ax = points[a]!;
        const ay = points[a + 1]!;
        const bx = points[b]!;
        const by = points[b + 1]!;
        const dx = bx - ax;
        const dy = by - ay;
        let t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-9);
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        const ex = x - ax - t * dx;
        const ey = y - ay - t * dy;
        const square = ex * ex + ey * ey;
        if (square < nearest) nearest = square;
        if (kind === 'area' && ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
      }
      out[row * FIELD_SIZE + column] = Math.sqrt(nearest) * (inside ? -1 : 1);
    }
  }
  return out;
}

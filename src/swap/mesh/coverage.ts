import type { FaceGeometry } from '../../onnx/geometry.ts';
import { EYE_LEFT, EYE_RIGHT, LIPS_INNER, MESH_POINTS } from './geometry.ts';

/**
 * Widths of the soft rim in centimetres of the canonical face. Wide on the forehead, where hair begins at no fixed
 * place; narrow for a painted mask, which should look like a thing that is worn.
 */
const RIM = {
  photo: { forehead: 2, cheek: 1.1, chin: 1 },
  mask: { forehead: 0.5, cheek: 0.5, chin: 0.5 },
} as const;

/** Coverage at the contour of an eye and of a mouth that is kept, so that lids and lips pass softly into the caller's. */
const KEPT_EYE = 0.55;
const KEPT_MOUTH = 0.4;

/** Centimetres from the outline between which points stop being part of the silhouette. */
const EDGE = { from: 2, to: 4 } as const;

/** Which points are covered how much, for each kind of identity and each choice of what is kept. */
export interface Coverage {
  /** 468 values 0–1: how much of a point that is seen edge-on fades; 1 at the silhouette, 0 at the wings of the nose. */
  readonly edge: Float32Array;
  /** 468 values 0–1, linear in the distance from the outline; `SOFT_STEP` makes them an opacity. */
  of(kind: 'photo' | 'mask', keepEyes: boolean, keepMouth: boolean): Float32Array;
}

/** Opacity 0–255 for a coverage 0–255: a smooth step, so that neither end of the rim shows as a line. */
export const SOFT_STEP: Uint8Array = Uint8Array.from({ length: 256 }, (_, i) => {
  const t = i / 255;
  return Math.round(255 * t * t * (3 - 2 * t));
});

/** Works out the coverage of every point once; `of` only looks it up. */
export function createCoverage(geometry: FaceGeometry): Coverage {
  const variants = new Map<string, Float32Array>();
  const key = (kind: string, eyes: boolean, mouth: boolean): string => `${kind}${Number(eyes)}${Number(mouth)}`;
  for (const kind of ['photo', 'mask'] as const) {
    for (const eyes of [false, true]) {
      for (const mouth of [false, true]) variants.set(key(kind, eyes, mouth), coverageOf(geometry, kind, eyes, mouth));
    }
  }
  const lookup = [...variants.values()];
  // Index arithmetic instead of the map: this is called for every frame.
  return {
    edge: edgeOf(geometry),
    of: (kind, eyes, mouth) => lookup[(kind === 'mask' ? 4 : 0) + (eyes ? 2 : 0) + (mouth ? 1 : 0)]!,
  };
}

function edgeOf(geometry: FaceGeometry): Float32Array {
  return Float32Array.from({ length: MESH_POINTS }, (_, i) =>
    Math.max(0, Math.min(1, (EDGE.to - distanceToOval(geometry, i)) / (EDGE.to - EDGE.from))),
  );
}

function coverageOf(geometry: FaceGeometry, kind: 'photo' | 'mask', eyes: boolean, mouth: boolean): Float32Array {
  const coverage = new Float32Array(MESH_POINTS);
  for (let i = 0; i < MESH_POINTS; i++) {
    coverage[i] = Math.min(1, distanceToOval(geometry, i) / rimWidth(RIM[kind], geometry.positions[i * 3 + 1]!));
  }
  const soften = (points: readonly number[], most: number): void => {
    for (const i of points) coverage[i] = Math.min(coverage[i]!, most);
  };
  if (eyes) soften([...EYE_LEFT, ...EYE_RIGHT], KEPT_EYE);
  if (mouth) soften(LIPS_INNER, KEPT_MOUTH);
  return coverage;
}

/** Between chin (y = −9.4 cm), cheek (0) and the upper forehead (5.5 and more). */
function rimWidth(rim: { forehead: number; cheek: number; chin: number }, y: number): number {
  if (y < 0) return rim.cheek + (rim.chin - rim.cheek) * Math.min(1, -y / 9.4);
  return rim.cheek + (rim.forehead - rim.cheek) * Math.min(1, y / 5.5);
}

/** Centimetres from a point to the outline of the face, along straight lines in space. */
function distanceToOval(geometry: FaceGeometry, point: number): number {
  const p = geometry.positions;
  const at = (i: number): readonly [number, number, number] => [p[i * 3]!, p[i * 3 + 1]!, p[i * 3 + 2]!];
  const [x, y, z] = at(point);
  let nearest = Infinity;
  const { oval } = geometry;
  for (let k = 0; k < oval.length; k++) {
    const [ax, ay, az] = at(oval[k]!);
    const [bx, by, bz] = at(oval[(k + 1) % oval.length]!);
    const [dx, dy, dz] = [bx - ax, by - ay, bz - az];
    const along = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz);
    const t = Math.max(0, Math.min(1, along));
    nearest = Math.min(nearest, Math.hypot(x - ax - t * dx, y - ay - t * dy, z - az - t * dz));
  }
  return nearest;
}

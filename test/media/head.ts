import { canonicalTriangles } from './canonical.ts';
import { rayLength } from './polygon.ts';
import type { Portrait } from './portrait.ts';

/** How a head is posed and what its face does, at one instant. */
export interface HeadState {
  /** Where the middle of the face is, in frame heights from the middle of the picture; x to the right, y down. */
  readonly x: number;
  readonly y: number;
  /** Width of the frontal face, in frame heights. */
  readonly size: number;
  /** Degrees; positive yaw turns to the right edge of the picture, pitch up, roll clockwise on screen. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** 0–1. */
  readonly mouth: number;
  readonly blink: number;
  readonly brow: number;
}

/** A posed head: every vertex in pixels of the frame. */
export interface PosedHead {
  /** `vertexCount` × (x, y, z): first the 478 landmarks, then the rest of the head. */
  readonly vertices: Float32Array;
}

// Points of MediaPipe's mesh, by its published topology.
// prettier-ignore
const LOWER_LIP = [
  146, 91, 181, 84, 17, 314, 405, 321, 375, 95, 88, 178, 87, 14, 317, 402, 318, 324,
  77, 90, 180, 85, 16, 315, 404, 320, 307, 96, 89, 179, 86, 15, 316, 403, 319, 325,
];
// prettier-ignore
const INNER_LIPS = new Set([78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]);
/** Upper lid, lower lid under it, the fold above. */
// prettier-ignore
const LIDS: readonly (readonly [number, number, number])[] = [
  [246, 7, 247], [161, 163, 30], [160, 144, 29], [159, 145, 27], [158, 153, 28], [157, 154, 56], [173, 155, 190],
  [466, 249, 467], [388, 390, 260], [387, 373, 259], [386, 374, 257], [385, 380, 258], [384, 381, 286], [398, 382, 414],
];
const BROWS = [70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285];
const LANDMARKS = 478;
const FACE_POINTS = 468;

/**
 * A closed head: the portrait's 468 points with their own depth as the face, rings from the face's oval out to the
 * head's outline, and a back that closes it, textured with mirrored hair. Seen from the front it is the portrait.
 */
export class Head {
  /** Texture coordinates, `vertexCount` × (x, y), pixels of the portrait. */
  readonly texturePoints: Float32Array;
  /** Vertex indices, three each, all wound alike. */
  readonly triangles: Uint16Array;
  /** How many of the first triangles are the inside of the mouth. */
  readonly mouthTriangles: number;
  /** Width of the frontal face in the portrait, pixels. */
  readonly faceWidth: number;
  /** The point in the portrait that `HeadState.x, y` places. */
  readonly centre: { readonly x: number; readonly y: number };
  readonly #rest: Float32Array;
  readonly #pivot: number;
  readonly #mouth: { readonly x: number; readonly y: number; readonly half: number };
  readonly #chin: number;
  readonly #faceHeight: number;

  constructor(portrait: Portrait) {
    const points = portrait.landmarks;
    const at = (index: number, axis: number) => points[index * 3 + axis]!;
    this.faceWidth = Math.hypot(at(454, 0) - at(234, 0), at(454, 1) - at(234, 1));
    this.#faceHeight = at(152, 1) - at(10, 1);
    this.#chin = at(152, 1);
    this.centre = { x: (at(234, 0) + at(454, 0)) / 2, y: at(168, 1) * 0.4 + at(4, 1) * 0.6 };
    this.#mouth = {
      x: (at(61, 0) + at(291, 0)) / 2,
      y: (at(13, 1) + at(14, 1)) / 2,
      half: (at(291, 0) - at(61, 0)) / 2,
    };
    this.#pivot = (at(234, 2) + at(454, 2)) / 2;

    const face = canonicalTriangles();
    const oval = boundary(face);
    const shell = extend(portrait, oval, this.centre, this.#pivot, this.faceWidth);
    this.#rest = Float32Array.from([...points, ...shell.positions]);
    this.texturePoints = new Float32Array((this.#rest.length / 3) * 2);
    for (let i = 0; i < LANDMARKS; i++) this.texturePoints.set([at(i, 0), at(i, 1)], i * 2);
    this.texturePoints.set(shell.texturePoints, LANDMARKS * 2);
    const { sorted, mouth } = mouthFirst(face);
    this.mouthTriangles = mouth;
    this.triangles = Uint16Array.from([...sorted, ...shell.triangles]);
  }

  get vertexCount(): number {
    return this.#rest.length / 3;
  }

  /** Poses the head in a frame of `width` × `height` pixels. `into` is reused. */
  pose(state: HeadState, width: number, height: number, into: Float32Array): void {
    into.set(this.#rest);
    this.#express(state, into);
    const scale = (state.size * height) / this.faceWidth;
    const [yaw, pitch, roll] = [radians(state.yaw), radians(state.pitch), radians(state.roll)];
    const [sinYaw, cosYaw, sinPitch, cosPitch] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
    const [along, across] = [Math.cos(roll) * scale, Math.sin(roll) * scale];
    const [left, top] = [width / 2 + state.x * height, height / 2 + state.y * height];
    for (let i = 0; i < into.length; i += 3) {
      const x = into[i]! - this.centre.x;
      const y = into[i + 1]! - this.centre.y;
      const z = into[i + 2]! - this.#pivot;
      // z grows away from the camera: looking to the right edge takes the nose (z < 0) to greater x.
      const turnedX = x * cosYaw - z * sinYaw;
      const turnedZ = x * sinYaw + z * cosYaw;
      const noddedY = y * cosPitch + turnedZ * sinPitch;
      const noddedZ = -y * sinPitch + turnedZ * cosPitch;
      into[i] = along * turnedX - across * noddedY + left;
      into[i + 1] = across * turnedX + along * noddedY + top;
      into[i + 2] = noddedZ * scale;
    }
  }

  #express({ mouth, blink, brow }: HeadState, points: Float32Array): void {
    const open = mouth * 0.06 * this.#faceHeight;
    if (open > 0) this.#openMouth(open, points);
    if (blink > 0) {
      for (const [upper, lower, fold] of LIDS) {
        for (let axis = 0; axis < 2; axis++) {
          const way = points[lower * 3 + axis]! - points[upper * 3 + axis]!;
          points[upper * 3 + axis]! += 0.95 * blink * way;
          points[fold * 3 + axis]! += 0.4 * blink * way;
        }
      }
    }
    for (const point of BROWS) points[point * 3 + 1]! -= brow * 0.03 * this.#faceHeight;
  }

  #openMouth(open: number, points: Float32Array): void {
    const { x, y, half } = this.#mouth;
    for (let i = 0; i < FACE_POINTS; i++) {
      const below = (points[i * 3 + 1]! - y) / (this.#chin - y);
      if (below <= 0 || isLowerLip(i)) continue;
      const beside = Math.abs(points[i * 3]! - x) / (this.faceWidth / 2);
      points[i * 3 + 1]! += open * Math.min(1, 3 * below) * Math.max(0, 1 - beside * beside) * 0.9;
    }
    for (const i of LOWER_LIP) {
      const beside = Math.min(1, Math.abs(points[i * 3]! - x) / half);
      points[i * 3 + 1]! += open * (1 - beside * beside);
    }
  }
}

function isLowerLip(point: number): boolean {
  return LOWER_LIP_SET.has(point);
}
const LOWER_LIP_SET = new Set(LOWER_LIP);

/** The face's oval: the 36 points whose edges belong to one triangle only, in order, starting at the forehead's middle. */
function boundary(triangles: Uint16Array): number[] {
  const next = new Map<number, number>();
  const seen = new Set<number>();
  const key = (a: number, b: number) => a * 1024 + b;
  for (let t = 0; t < triangles.length; t += 3) {
    for (let k = 0; k < 3; k++) seen.add(key(triangles[t + k]!, triangles[t + ((k + 1) % 3)]!));
  }
  for (const edge of seen) {
    const [a, b] = [Math.floor(edge / 1024), edge % 1024];
    if (!seen.has(key(b, a))) next.set(a, b);
  }
  const loop = [10];
  while (loop.length < next.size) loop.push(next.get(loop.at(-1)!)!);
  return loop;
}

/** Puts the triangles inside the mouth first. */
function mouthFirst(triangles: Uint16Array): { sorted: number[]; mouth: number } {
  const inside: number[] = [];
  const outside: number[] = [];
  for (let t = 0; t < triangles.length; t += 3) {
    const corners = [triangles[t]!, triangles[t + 1]!, triangles[t + 2]!];
    (corners.every((corner) => INNER_LIPS.has(corner)) ? inside : outside).push(...corners);
  }
  return { sorted: [...inside, ...outside], mouth: inside.length / 3 };
}

interface Shell {
  readonly positions: number[];
  readonly texturePoints: number[];
  readonly triangles: number[];
}

/** Rings from the oval to the outline (front half), then over the back of the head to a pole. */
function extend(
  portrait: Portrait,
  oval: readonly number[],
  centre: { x: number; y: number },
  pivot: number,
  faceWidth: number,
): Shell {
  const FRONT = [0.35, 0.7, 1];
  const BACK = [25, 50, 72];
  const depth = faceWidth * 0.62;
  const positions: number[] = [];
  const texturePoints: number[] = [];
  const ring = (place: (point: number) => readonly [number, number, number, number, number]) => {
    for (const point of oval) {
      const [x, y, z, u, v] = place(point);
      positions.push(x, y, z);
      texturePoints.push(u, v);
    }
  };
  const edge = (point: number) => {
    const [x, y, z] = [0, 1, 2].map((axis) => portrait.landmarks[point * 3 + axis]!) as [number, number, number];
    const radius = Math.hypot(x - centre.x, y - centre.y);
    const [dx, dy] = [(x - centre.x) / radius, (y - centre.y) / radius];
    const reach = Math.max(radius + 1, rayLength(portrait.headOutline, centre.x, centre.y, dx, dy));
    return { radius, reach, dx, dy, z };
  };
  for (const share of FRONT) {
    ring((point) => {
      const { radius, reach, dx, dy, z } = edge(point);
      const far = radius + (reach - radius) * share;
      // Rounds off towards the outline, so that the side of the head is not a cone.
      const z1 = z + (pivot - z) * Math.sin((share * Math.PI) / 2) ** 2;
      return [centre.x + dx * far, centre.y + dy * far, z1, centre.x + dx * far, centre.y + dy * far];
    });
  }
  for (const angle of BACK) {
    ring((point) => {
      const { radius, reach, dx, dy } = edge(point);
      const far = reach * Math.cos(radians(angle));
      // The back wears the hair between oval and outline, mirrored at the outline.
      const sample = Math.max(radius, reach * 0.97 - (reach - radius) * Math.sin(radians(angle)));
      return [
        centre.x + dx * far,
        centre.y + dy * far,
        pivot + depth * Math.sin(radians(angle)),
        centre.x + dx * sample,
        centre.y + dy * sample,
      ];
    });
  }
  const top = edge(oval[0]!);
  positions.push(centre.x, centre.y, pivot + depth);
  texturePoints.push(centre.x, centre.y - (top.radius + top.reach) / 2);
  return { positions, texturePoints, triangles: stitch(oval, FRONT.length + BACK.length) };
}

function stitch(oval: readonly number[], rings: number): number[] {
  const triangles: number[] = [];
  const vertex = (ringIndex: number, i: number) =>
    ringIndex === 0 ? oval[i % oval.length]! : LANDMARKS + (ringIndex - 1) * oval.length + (i % oval.length);
  const pole = LANDMARKS + rings * oval.length;
  for (let i = 0; i < oval.length; i++) {
    for (let inner = 0; inner < rings; inner++) {
      const [a, b] = [vertex(inner, i), vertex(inner, i + 1)];
      const [c, d] = [vertex(inner + 1, i), vertex(inner + 1, i + 1)];
      // The face's triangles run along the oval from a to b; the neighbours outside must run from b to a.
      triangles.push(b, a, c, b, c, d);
    }
    triangles.push(vertex(rings, i + 1), vertex(rings, i), pole);
  }
  return triangles;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

import { GatewayError } from '../errors.ts';
import { readProtobuf, repeatedFloats, repeatedIntegers, type ProtobufField } from './graph/protobuf-reader.ts';

/** Vertices of the face mesh; landmarks from here on are the irises'. */
export const FACE_VERTICES = 468;
const FACE_TRIANGLES = 898;
/** Floats of a vertex: position and texture coordinates. */
const VERTEX_FLOATS = 5;

/** MediaPipe's canonical face: the mean face that the mesh model's landmarks correspond to, point by point. */
export interface FaceGeometry {
  /** 468 × (x, y, z) in centimetres; x to the picture's right, y up, z towards the camera. */
  readonly positions: Float32Array;
  /** 468 × (u, v), 0…1 from the upper left. */
  readonly texture: Float32Array;
  /** 898 × 3 vertex numbers; eyes and mouth are closed by triangles too. */
  readonly triangles: Uint16Array;
  /** The 36 vertices of the face's outline, in order around it, beginning at the top of the forehead (10). */
  readonly oval: Uint16Array;
  /** Vertices that keep their place in the skull, with their weights: what head pose is fitted to. */
  readonly rigid: { readonly vertices: Uint16Array; readonly weights: Float32Array };
}

/**
 * Reads `GeometryPipelineMetadata` (mediapipe/modules/face_geometry/protos): field 1 the canonical `Mesh3d` (3 vertices, 4
 * indices), field 2 the landmarks and weights (1, 2) for a rigid fit.
 * @throws GatewayError asset_corrupt
 */
export function readGeometry(metadata: Uint8Array): FaceGeometry {
  try {
    return parse(readProtobuf(metadata));
  } catch (cause) {
    throw new GatewayError('asset_corrupt', 'face geometry must be whole', { cause });
  }
}

function parse(metadata: readonly ProtobufField[]): FaceGeometry {
  const mesh = readProtobuf(bytesOf(metadata, 1)[0] ?? new Uint8Array(0));
  const vertices = repeatedFloats(mesh, 3);
  const triangles = Uint16Array.from(repeatedIntegers(mesh, 4));
  if (vertices.length !== FACE_VERTICES * VERTEX_FLOATS || triangles.length !== FACE_TRIANGLES * 3) {
    throw new RangeError(`mesh has its size [vertices:${vertices.length}] [triangles:${triangles.length}]`);
  }
  const rigid = bytesOf(metadata, 2).map(readProtobuf);
  return {
    positions: Float32Array.from(vertices.filter((_, k) => k % VERTEX_FLOATS < 3)),
    texture: Float32Array.from(vertices.filter((_, k) => k % VERTEX_FLOATS >= 3)),
    triangles,
    oval: outline(triangles),
    rigid: {
      vertices: Uint16Array.from(rigid.flatMap((landmark) => repeatedIntegers(landmark, 1).slice(0, 1))),
      weights: Float32Array.from(rigid.flatMap((landmark) => repeatedFloats(landmark, 2).slice(0, 1))),
    },
  };
}

function bytesOf(fields: readonly ProtobufField[], number: number): Uint8Array[] {
  return fields.flatMap((field) => (field.number === number && field.kind === 'bytes' ? [field.value] : []));
}

/** Vertex in the middle of the forehead's upper edge. */
const FOREHEAD_TOP = 10;

/** Follows the edges that only one triangle has, once around. */
function outline(triangles: Uint16Array): Uint16Array {
  const next = new Map<number, number>();
  const edges = new Set<number>();
  const key = (from: number, to: number): number => from * FACE_VERTICES + to;
  forEachEdge(triangles, (from, to) => edges.add(key(from, to)));
  forEachEdge(triangles, (from, to) => {
    if (!edges.has(key(to, from))) next.set(from, to);
  });
  const loop = [FOREHEAD_TOP];
  for (let at = next.get(FOREHEAD_TOP); at !== undefined && at !== FOREHEAD_TOP; at = next.get(at)) {
    loop.push(at);
    if (loop.length > next.size) throw new RangeError('outline closes');
  }
  return Uint16Array.from(loop);
}

function forEachEdge(triangles: Uint16Array, visit: (from: number, to: number) => void): void {
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [triangles[t]!, triangles[t + 1]!, triangles[t + 2]!];
    visit(a, b);
    visit(b, c);
    visit(c, a);
  }
}

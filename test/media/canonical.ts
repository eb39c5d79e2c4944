import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/entry.ts';
import { assert } from '../../src/errors.ts';

/**
 * The 898 triangles of MediaPipe's canonical face (indices into its 468 points, three each), read by this folder's own
 * few lines, so that a mistake in the product's reader cannot hide in the test pictures.
 *
 * Source: `geometry_pipeline_metadata_landmarks.binarypb` in the packed assets of @mediapipe/face_mesh, a protobuf
 * `GeometryPipelineMetadata`; its field 2 `canonical_mesh` is a `Mesh3d` whose field 4 is the packed index buffer.
 */
export function canonicalTriangles(): Uint16Array {
  const folder = join(PROJECT_ROOT, 'node_modules/@mediapipe/face_mesh');
  const loader = readFileSync(join(folder, 'face_mesh_solution_packed_assets_loader.js'), 'utf8');
  const list = /"files":\s*(\[.*?\])/s.exec(loader)?.[1];
  assert(list, 'the loader of the packed assets lists its files');
  const entries = JSON.parse(list) as { filename: string; start: number; end: number }[];
  const entry = entries.find(({ filename }) => filename.endsWith('geometry_pipeline_metadata_landmarks.binarypb'));
  assert(entry, 'the packed assets hold the canonical face');
  const packed = readFileSync(join(folder, 'face_mesh_solution_packed_assets.data'));
  const mesh = fields(packed.subarray(entry.start, entry.end)).find(({ bytes }) => (bytes?.length ?? 0) > 8000)?.bytes;
  assert(mesh, 'the metadata holds a mesh');
  const indices: number[] = [];
  for (const { id, bytes, value } of fields(mesh)) {
    if (id !== 4) continue;
    if (!bytes) indices.push(value);
    else for (const at = { offset: 0 }; at.offset < bytes.length;) indices.push(varint(bytes, at));
  }
  assert(indices.length === 898 * 3, `the canonical face has 898 triangles [indices:${indices.length}]`);
  return Uint16Array.from(indices);
}

interface Field {
  readonly id: number;
  readonly value: number;
  readonly bytes?: Uint8Array;
}

/** One level of a protobuf message: https://protobuf.dev/programming-guides/encoding/ */
function fields(message: Uint8Array): Field[] {
  const found: Field[] = [];
  const at = { offset: 0 };
  while (at.offset < message.length) {
    const tag = varint(message, at);
    const id = tag >>> 3;
    switch (tag & 7) {
      case 0:
        found.push({ id, value: varint(message, at) });
        break;
      case 2: {
        const length = varint(message, at);
        found.push({ id, value: 0, bytes: message.subarray(at.offset, at.offset + length) });
        at.offset += length;
        break;
      }
      case 5:
        found.push({ id, value: 0 });
        at.offset += 4;
        break;
      default:
        throw new Error(`wire type must be 0, 2 or 5 [type:${tag & 7}]`);
    }
  }
  return found;
}

function varint(bytes: Uint8Array, at: { offset: number }): number {
  let value = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at.offset++] ?? 0;
    value += (byte & 127) * shift;
    if (byte < 128) return value;
  }
}

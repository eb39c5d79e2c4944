import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../onnx/digest.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import { defaultCacheFolder, ModelCache } from '../../onnx/model-cache.ts';
import { MESH_POINTS } from '../mesh/geometry.ts';
import type { PreparedIdentity } from '../swap.ts';
import { FIELD_SIZE } from '../canonical/fields.ts';
import { MaskBox, MASKS } from './paint.ts';

const PLANE = FIELD_SIZE * FIELD_SIZE;
const POINTS = MESH_POINTS * 2 * Float32Array.BYTES_PER_ELEMENT;

/**
 * All painted masks, taken from disk where they were painted before: painting one takes a frame's time ten times over, which
 * no thread that serves calls can spare. The key is a hash of the code that paints, so a kept mask is never older.
 */
export async function openMasks(
  geometry: FaceGeometry,
  cache: ModelCache = new ModelCache(defaultCacheFolder()),
): Promise<MaskBox> {
  const code = codeHash();
  const kept: PreparedIdentity[] = [];
  const missing: string[] = [];
  for (const { name } of MASKS) {
    const bytes = await cache.read(keyOf(name, code));
    if (bytes?.length === POINTS + 3 * PLANE) kept.push(unpack(name, bytes));
    else missing.push(name);
  }
  const box = new MaskBox(geometry, kept);
  for (const name of missing) {
    const painted = box.mask(name);
    if (painted) await cache.write(keyOf(name, code), pack(painted));
  }
  return box;
}

function keyOf(name: string, code: string): string {
  return `mask-${name}-${code}`;
}

/** Points, then the three planes. */
function pack({ points, y, u, v }: PreparedIdentity): Uint8Array {
  const bytes = new Uint8Array(POINTS + 3 * PLANE);
  bytes.set(new Uint8Array(points.buffer, points.byteOffset, POINTS));
  [y, u, v].forEach((plane, index) => bytes.set(plane, POINTS + index * PLANE));
  return bytes;
}

function unpack(name: string, bytes: Uint8Array): PreparedIdentity {
  // Copies: a slice of a Buffer is no plain Uint8Array, and would hold on to the whole file.
  const plane = (index: number) =>
    Uint8Array.from(bytes.subarray(POINTS + index * PLANE, POINTS + (index + 1) * PLANE));
  return {
    id: `mask:${name}`,
    kind: 'mask',
    width: FIELD_SIZE,
    height: FIELD_SIZE,
    y: plane(0),
    u: plane(1),
    v: plane(2),
    points: new Float32Array(Uint8Array.from(bytes.subarray(0, POINTS)).buffer),
  };
}

/** Hash over the files that decide how a mask looks: those of this folder, the canonical face's and the colour's. */
function codeHash(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const folders = [here, join(here, 'faces'), join(here, '..', 'canonical'), join(here, '..')];
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /^(?!.*\.test\.).*\.(js|ts)$/.test(file))
      .sort()
      .map((file) => readFileSync(join(folder, file))),
  );
  return sha256(Buffer.concat(files)).slice(0, 16);
}

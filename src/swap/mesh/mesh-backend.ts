import type { FaceGeometry } from '../../onnx/geometry.ts';
import type { SwapBackend } from '../../schedule/backend.ts';
import type { Milli } from '../../time.ts';
import { CropBuffer } from '../crop-buffer.ts';
import type { SwapCrop, SwappedCrop } from '../swap.ts';
import { createCoverage, type Coverage } from './coverage.ts';
import { Facing } from './facing.ts';
import { MESH_POINTS, REGION, triangleRegions } from './geometry.ts';
import { drawTriangle, type RasterTarget } from './raster.ts';
import { ChromaSpans, ClearSpans, LumaSpans } from './spans.ts';
import { extentOf, levelFor, textureOf, type TextureLevel } from './texture.ts';

/** Faces in one batch; as many as a session may swap. */
const MAXIMUM_BATCH = 8;
/** Landmarks are three numbers each; those of the irises are no part of the face's outline. */
const MESH = { step: 3, count: MESH_POINTS };
/** Expected duration of one crop, milliseconds: a 300-pixel face on one core of a 2020s server. */
const EXPECTED: Milli = 1.5;

/**
 * The embedded swap: an identity's texture drawn over the caller's mesh, without any network. Synchronous inside; one
 * instance a thread. A crop that it returns is valid until its next `swap` or `swapNow`.
 */
export class MeshBackend implements SwapBackend<SwapCrop, SwappedCrop> {
  readonly maximumBatch = MAXIMUM_BATCH;
  readonly #triangles: Uint16Array;
  readonly #regions: Uint8Array;
  readonly #coverage: Coverage;
  readonly #facing: Facing;
  readonly #crops: CropBuffer[] = [];
  readonly #clear = new ClearSpans();
  readonly #luma = new LumaSpans();
  readonly #chroma = new ChromaSpans();
  readonly #target: RasterTarget = createTarget();

  constructor(geometry: FaceGeometry) {
    this.#triangles = geometry.triangles;
    this.#regions = triangleRegions(geometry.triangles);
    this.#coverage = createCoverage(geometry);
    this.#facing = new Facing(geometry.triangles);
  }

  expected(size: number): Milli {
    return size * EXPECTED;
  }

  swap(batch: readonly SwapCrop[]): Promise<readonly (SwappedCrop | undefined)[]> {
    return Promise.resolve(batch.map((crop, index) => this.#swap(crop, index)));
  }

  /** The same for one crop, without a promise: for a pixel thread that runs a frame to completion. */
  swapNow(crop: SwapCrop): SwappedCrop | undefined {
    return this.#swap(crop, 0);
  }

  close(): void {
    this.#crops.length = 0;
  }

  #swap(crop: SwapCrop, index: number): SwappedCrop | undefined {
    const buffer = (this.#crops[index] ??= new CropBuffer());
    if (!buffer.layAround(crop.picture, crop.landmarks, MESH)) return undefined;
    this.#facing.update(crop.landmarks);
    const texture = textureOf(crop.identity);
    const level = levelFor(texture, extentOf(crop.landmarks, 3));
    this.#cover(crop);
    this.#drawLuma(buffer, crop, level);
    this.#drawChroma(buffer, crop, level);
    return buffer;
  }

  #cover({ identity, look }: SwapCrop): void {
    const still = this.#coverage.of(identity.kind, look.keepEyes, look.keepMouth);
    const { visibility } = this.#facing;
    const { coverage } = this.#target;
    const { edge } = this.#coverage;
    for (let i = 0; i < MESH_POINTS; i++) coverage[i] = still[i]! * (1 - (1 - visibility[i]!) * edge[i]!);
  }

  #drawLuma(buffer: CropBuffer, crop: SwapCrop, level: TextureLevel): void {
    this.#luma.luma = buffer.luma;
    this.#luma.mask = buffer.lumaMask;
    this.#luma.texture = level.y;
    this.#luma.pitch = level.width;
    this.#clear.mask = buffer.lumaMask;
    aim(this.#target, buffer, crop.landmarks, 1, level);
    this.#draw(crop, this.#luma);
  }

  #drawChroma(buffer: CropBuffer, crop: SwapCrop, level: TextureLevel): void {
    this.#chroma.cb = buffer.u;
    this.#chroma.cr = buffer.v;
    this.#chroma.mask = buffer.chromaMask;
    this.#chroma.textureCb = level.cb;
    this.#chroma.textureCr = level.cr;
    this.#chroma.pitch = level.width;
    this.#clear.mask = buffer.chromaMask;
    aim(this.#target, buffer, crop.landmarks, 0.5, level);
    this.#draw(crop, this.#chroma);
  }

  #draw({ look }: SwapCrop, writer: LumaSpans | ChromaSpans): void {
    const triangles = this.#triangles;
    const regions = this.#regions;
    const { order, count } = this.#facing;
    for (let i = 0; i < count; i++) {
      const t = order[i]!;
      const region = regions[t]!;
      const kept = (region === REGION.eye && look.keepEyes) || (region === REGION.mouth && look.keepMouth);
      const k = t * 3;
      drawTriangle(this.#target, triangles[k]!, triangles[k + 1]!, triangles[k + 2]!, kept ? this.#clear : writer);
    }
  }
}

function createTarget(): RasterTarget {
  return {
    width: 0,
    height: 0,
    x: new Float32Array(MESH_POINTS),
    y: new Float32Array(MESH_POINTS),
    coverage: new Float32Array(MESH_POINTS),
    u: new Float32Array(MESH_POINTS),
    v: new Float32Array(MESH_POINTS),
    textureWidth: 0,
    textureHeight: 0,
  };
}

/** Points the raster at a plane of the crop: `scale` 1 for luma, 0.5 for chroma, whose samples lie between luma's. */
function aim(target: RasterTarget, crop: CropBuffer, points: Float32Array, scale: number, level: TextureLevel): void {
  target.width = crop.width * scale;
  target.height = crop.height * scale;
  target.u = level.u;
  target.v = level.v;
  target.textureWidth = level.width;
  target.textureHeight = level.height;
  for (let i = 0, k = 0; i < MESH_POINTS; i++, k += 3) {
    target.x[i] = (points[k]! - crop.x) * scale;
    target.y[i] = (points[k + 1]! - crop.y) * scale;
  }
}

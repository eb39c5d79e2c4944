import { createDecoder } from '../../../src/codec/decoder.ts';
import { WorkPicture } from '../../../src/codec/work-picture.ts';
import type { I420 } from '../../../src/media/plane.ts';
import type { FacePass } from '../../../src/session/pixel/face-pass.ts';
import type { PreparedIdentity } from '../../../src/swap/swap.ts';
import { sceneOf, type Clip, type ClipSettings } from '../../media/clip.ts';
import type { LocalSwap } from '../local-swap.ts';
import { areaOf, cropLuma, EXPOSED, EXPOSED_TURNED, type FaceArea } from './patch.ts';

/** One face of one frame of a clip, as the gateway got it and as a swap on this machine made it. */
export interface ReferenceFace {
  readonly area: FaceArea;
  readonly raw: Uint8Array;
  /** Share of it from which on it is exposed. */
  readonly limit: number;
  /** Undefined if no local swap was asked for. */
  readonly swapped?: Uint8Array;
}

export interface ReferenceFrame {
  readonly faces: readonly ReferenceFace[];
  /** The whole luma as sent, for every `keepEvery`-th frame. */
  readonly picture?: I420;
}

/** Decodes all frames of a clip in order. `picture` is valid until the next one. */
export function* decodeClip(clip: Clip): Generator<{ readonly index: number; readonly work: WorkPicture }> {
  const decoder = createDecoder(clip.codec);
  const work = new WorkPicture();
  try {
    for (const [index, { data, keyframe }] of clip.chunks.entries()) {
      const timestamp = index * 3000;
      decoder.decode({ codec: clip.codec, data, keyframe, timestamp, decodable: 0, referenced: true });
      decoder.copyTo(work);
      yield { index, work };
    }
  } finally {
    decoder.close();
    work.close();
  }
}

/** What to compare returned frames with. */
export async function referenceOf(
  clip: Clip,
  settings: ClipSettings,
  options: {
    readonly local?: LocalSwap;
    readonly identity?: PreparedIdentity;
    /** What swaps here, where it is not the mesh with that identity. */
    readonly pass?: Pick<FacePass, 'run'>;
    readonly keepEvery?: number;
  } = {},
): Promise<ReferenceFrame[]> {
  const { local, identity, keepEvery = 15 } = options;
  const scene = sceneOf(settings);
  const pass = options.pass ?? (local && identity ? local.pass(identity) : undefined);
  const frames: ReferenceFrame[] = [];
  for (const { index, work } of decodeClip(clip)) {
    const seen = scene.truth(index).flatMap(({ landmarks, state }) => {
      const area = areaOf(landmarks, clip.width, clip.height);
      if (!area) return [];
      leaveOut(scene.coveredAt(index), area, clip.width);
      const limit = Math.abs(state.yaw) > EXPOSED_TURNED.from ? EXPOSED_TURNED.share : EXPOSED;
      return [{ area, limit, raw: cropLuma(work.picture, area) }];
    });
    const picture = index % keepEvery === 0 ? copyLuma(work.picture) : undefined;
    await pass?.run(work.picture, { at: (index * 1000) / clip.frameRate });
    const faces = seen.map((face) => ({ ...face, ...(pass && { swapped: cropLuma(work.picture, face.area) }) }));
    frames.push({ faces, ...(picture && { picture }) });
  }
  return frames;
}

/** What lies before a face is nobody's portrait. */
function leaveOut(covered: Uint8Array, { x, y, width, height, mask }: FaceArea, pitch: number): void {
  for (let row = 0; row < height; row++) {
    const from = (y + row) * pitch + x;
    for (let column = 0; column < width; column++) if (covered[from + column]! > 0) mask[row * width + column] = 0;
  }
}

function copyLuma(picture: I420): I420 {
  return { ...picture, y: picture.y.slice() };
}

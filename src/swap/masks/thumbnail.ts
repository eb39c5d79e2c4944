import { i420ToRgb } from '../../media/colour.ts';
import { allocI420, type I420, type Rgb } from '../../media/plane.ts';
import type { FaceGeometry } from '../../onnx/geometry.ts';
import { step } from '../canonical/shapes.ts';
import { blendCrop } from '../composite/blend.ts';
import { createLight } from '../composite/light.ts';
import { MESH_POINTS } from '../mesh/geometry.ts';
import { MeshBackend } from '../mesh/mesh-backend.ts';
import type { PreparedIdentity } from '../swap.ts';

/** Side of a mask's thumbnail, pixels. */
const SIZE = 256;
/** Pixels in a centimetre of the face. */
const SCALE = 11.6;
/** How the head is turned, radians: a little to the side and down, so that its relief shows. */
const TURN = { yaw: -0.3, pitch: 0.09, roll: 0.05 } as const;

/** A painted mask as it hangs on a wall: 256 × 256, on a dark ground, turned a little, with the mask's own eyes. */
export function maskThumbnail(mask: PreparedIdentity, geometry: FaceGeometry): Rgb {
  const picture = allocI420(SIZE, SIZE);
  const landmarks = turned(geometry);
  backdrop(picture);
  const backend = new MeshBackend(geometry);
  const look = { opacity: 1, keepEyes: false, keepMouth: false };
  const crop = backend.swapNow({ picture, landmarks, identity: mask, look });
  if (crop) {
    shadowBeneath(picture, crop);
    blendCrop(picture, crop, createLight(), 1);
  }
  backend.close();
  return i420ToRgb(picture);
}

/** The canonical face as landmarks of the thumbnail, with a little perspective. */
function turned({ positions }: FaceGeometry): Float32Array {
  const [sinYaw, cosYaw] = [Math.sin(TURN.yaw), Math.cos(TURN.yaw)];
  const [sinPitch, cosPitch] = [Math.sin(TURN.pitch), Math.cos(TURN.pitch)];
  const [sinRoll, cosRoll] = [Math.sin(TURN.roll), Math.cos(TURN.roll)];
  const out = new Float32Array(MESH_POINTS * 3);
  for (let k = 0; k < MESH_POINTS * 3; k += 3) {
    const x = positions[k]! * cosYaw + positions[k + 2]! * sinYaw;
    const z = positions[k + 2]! * cosYaw - positions[k]! * sinYaw;
    const y = (positions[k + 1]! + 0.6) * cosPitch - z * sinPitch;
    const depth = z * cosPitch + (positions[k + 1]! + 0.6) * sinPitch;
    const near = (1 + depth / 60) * SCALE;
    out[k] = SIZE / 2 + (x * cosRoll - y * sinRoll) * near;
    out[k + 1] = SIZE / 2 - (y * cosRoll + x * sinRoll) * near;
    out[k + 2] = -depth * SCALE;
  }
  return out;
}

/** A dark blue-grey wall, lighter in the middle. */
function backdrop(picture: I420): void {
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const r = Math.hypot(x / SIZE - 0.44, y / SIZE - 0.4);
      picture.y[y * picture.strideY + x] = 34 + 62 * step(0.75, 0.05, r);
    }
  }
  picture.u.fill(134);
  picture.v.fill(124);
}

/** The mask's own shadow on the wall, down and to the right. */
function shadowBeneath(
  picture: I420,
  crop: { x: number; y: number; width: number; height: number; lumaMask: Uint8Array },
): void {
  const [dx, dy, blur] = [9, 13, 10];
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      let sum = 0;
      for (let j = -blur; j <= blur; j += 5) {
        for (let i = -blur; i <= blur; i += 5) {
          const column = x - dx + i - crop.x;
          const row = y - dy + j - crop.y;
          if (column < 0 || row < 0 || column >= crop.width || row >= crop.height) continue;
          sum += crop.lumaMask[row * crop.width + column]!;
        }
      }
      const share = (sum / (25 * 255)) * 0.62;
      const k = y * picture.strideY + x;
      picture.y[k] = 16 + (picture.y[k]! - 16) * (1 - share);
    }
  }
}
